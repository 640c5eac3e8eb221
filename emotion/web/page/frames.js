// The frames of a video, sent as JPEG: the newest only, and a few under way at most, so that none is ever late.

export class FrameSender {
  number = 0;
  limit = 2; // under way at once; the server says so in its welcome
  detail = 640; // pixels: the longer side of what is sent
  running = false;
  #underWay = new Map(); // number -> when the camera captured it, by performance.now()
  #encoder = new Worker("/page/encoder.js");
  #video;

  /** `send(number, jpeg)` is called with frames of `video` while this is `running`. */
  constructor(video, send) {
    this.#video = video;
    this.#encoder.onmessage = ({ data: { number, jpeg } }) => this.#underWay.has(number) && send(number, jpeg);
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
    if (!this.running || !videoWidth || this.#underWay.size >= this.limit) return;
    const number = ++this.number;
    this.#underWay.set(number, captured);
    const scale = Math.min(1, this.detail / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    try {
      // A VideoFrame is the camera's own picture, not a copy.
      const picture = window.VideoFrame ? new VideoFrame(this.#video, { timestamp: 0 }) : await createImageBitmap(this.#video);
      this.#encoder.postMessage({ number, picture, width, height }, [picture]);
    } catch {
      this.#underWay.delete(number); // between two sources there is no picture
    }
  }
}
