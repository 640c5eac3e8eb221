// The frames of a video, sent as JPEG: the newest only, and a few under way at most, so that none is ever late.

const QUALITY = 0.8;

export class FrameSender {
  number = 0;
  limit = 2; // under way at once; the server says so in its welcome
  detail = 640; // pixels: the longer side of what is sent
  running = false;
  #underWay = new Map(); // number -> when the camera captured it, by performance.now()
  #encoding = false;
  #canvas = new OffscreenCanvas(1, 1); // quicker than a <canvas>, whose toBlob waits for idle moments
  #video;
  #send;

  /** `send(number, jpeg)` is called with each frame of `video`, unless it returns false from `isReady`. */
  constructor(video, send) {
    this.#video = video;
    this.#send = send;
    this.#next();
  }

  /** When the frame of that number was captured, once it is answered; it and those before are under way no more. */
  answered(number) {
    const captured = this.#underWay.get(number);
    for (const sent of this.#underWay.keys()) if (sent <= number) this.#underWay.delete(sent);
    return captured;
  }

  /** Nothing is under way any more: the connection was lost. */
  reset() {
    this.#underWay.clear();
  }

  #next() {
    const onFrame = (now, frame) => {
      this.#offer(frame?.captureTime ?? now);
      this.#next();
    };
    // Called for each new frame of the video; what lacks it asks at each repaint of the page.
    if (this.#video.requestVideoFrameCallback) this.#video.requestVideoFrameCallback(onFrame);
    else requestAnimationFrame(onFrame);
  }

  async #offer(captured) {
    const { videoWidth, videoHeight } = this.#video;
    if (!this.running || !videoWidth || this.#encoding || this.#underWay.size >= this.limit) return;
    this.#encoding = true;
    const number = ++this.number;
    this.#underWay.set(number, captured);
    const scale = Math.min(1, this.detail / Math.max(videoWidth, videoHeight));
    this.#canvas.width = Math.round(videoWidth * scale);
    this.#canvas.height = Math.round(videoHeight * scale);
    this.#canvas.getContext("2d", { alpha: false }).drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
    const jpeg = await this.#canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
    this.#encoding = false;
    if (this.#underWay.has(number)) this.#send(number, jpeg);
  }
}
