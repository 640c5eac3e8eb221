// Frames a second, and milliseconds from the camera to the drawn box.

const KEPT = 600;
const TELL_MS = 500;

export class Latency {
  samples = []; // milliseconds of the newest frames, for whoever measures
  times = []; // when they were drawn, by performance.now()
  #line;
  #told = 0;

  constructor(line) {
    this.#line = line;
  }

  restart(visible) {
    this.samples = [];
    this.times = [];
    this.#line.hidden = !visible;
    this.#line.textContent = "";
  }

  /** A frame that was captured at `captured`, by performance.now(), is drawn now; null where nobody knows. */
  shown(captured) {
    const now = performance.now();
    if (captured !== null) this.samples.push(now - captured);
    this.times.push(now);
    if (this.times.length > KEPT) this.times.shift();
    if (this.samples.length > KEPT) this.samples.shift();
    if (now - this.#told > TELL_MS) this.#tell(now);
  }

  #tell(now) {
    this.#told = now;
    const recent = this.times.filter((time) => now - time < 2000);
    const fps = (1000 * (recent.length - 1)) / (now - recent[0]);
    const delay = this.samples.slice(-recent.length).sort((a, b) => a - b);
    const text = [];
    if (recent.length > 2) text.push(`${fps.toFixed(0)} fps`);
    if (delay.length) text.push(`${delay[delay.length >> 1].toFixed(0)} ms`);
    this.#line.textContent = text.join(" · ");
  }
}
