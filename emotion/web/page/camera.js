// The visitor's cameras.

/** Opens the camera of that id, or the one the browser prefers, on `video`. Throws what getUserMedia throws. */
export async function openCamera(video, deviceId) {
  if (!navigator.mediaDevices) throw new DOMException("", "InsecureContext");
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" };
  const size = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
  const stream = await navigator.mediaDevices.getUserMedia({ video: { ...which, ...size }, audio: false });
  closeSource(video);
  video.srcObject = stream;
  return stream.getVideoTracks()[0];
}

/** Opens a video file on `video`; rejects where this browser cannot play it. */
export function openVideo(video, file) {
  closeSource(video);
  return new Promise((resolve, reject) => {
    video.onloadeddata = resolve;
    video.onerror = () => reject(new Error("cannot be played"));
    video.src = URL.createObjectURL(file);
    video.play().catch(() => {});
  });
}

/** Lets go of the camera or the file that `video` shows. */
export function closeSource(video) {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.onloadeddata = video.onerror = null;
  video.srcObject = null;
  if (video.src) {
    URL.revokeObjectURL(video.src);
    video.removeAttribute("src");
    video.load();
  }
}

export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === "videoinput");
}

/** What to tell a person about the camera that could not be opened: a title and a text. */
export function explain(error) {
  switch (error.name) {
    case "NotAllowedError":
      return ["The camera is not allowed", "Allow it in the browser's address bar, then try again. Or drop a photo or a video here."];
    case "NotFoundError":
    case "OverconstrainedError":
      return ["There is no camera", "Plug one in and try again. Or drop a photo or a video here."];
    case "NotReadableError":
      return ["The camera is in use", "Another program has it: close that, then try again. Or drop a photo or a video here."];
    case "InsecureContext":
      return [
        "No camera at this address",
        "Browsers give a camera to http://localhost and to https:// only. On the machine with the camera, run: " +
          `ssh -L ${location.port}:localhost:${location.port} ${location.hostname}, and open http://localhost:${location.port}/. ` +
          "A photo can be dropped here as it is.",
      ];
    default:
      return ["The camera cannot be opened", `${error.name}: ${error.message}`];
  }
}
