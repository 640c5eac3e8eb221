// The WebSocket to the server, taken up again when it is lost. Events: "state", "welcome", "faces", "picture".

const ALIVE_MS = 15_000;
const RETRY_MS = [500, 1000, 2000, 4000, 5000];
const TAKEN_OVER = 4001;
const ENDED = 4002;
const TOO_MANY = 1013;
const HEAD = 8; // bytes: the picture's number, the length of the text

export class Connection extends EventTarget {
  #socket = null;
  #tries = 0;
  #retry = 0;

  constructor() {
    super();
    setInterval(() => this.#send('{"type": "alive"}'), ALIVE_MS);
    addEventListener("online", () => this.open());
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open() {
    clearTimeout(this.#retry);
    if (this.#socket && this.#socket.readyState <= WebSocket.OPEN) return;
    const address = new URL("/stream", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.search = "";
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    // The key of this tab's session: after a lost connection, or a reload, it goes on as the same visitor.
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", session: sessionStorage.getItem("session") }));
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.#hear(JSON.parse(data)) : this.#look(data));
    socket.onclose = ({ code, reason }) => this.#closed(socket, code, reason);
    this.#socket = socket;
  }

  sendPicture(number, jpeg) {
    const message = new Uint8Array(HEAD + jpeg.byteLength);
    new DataView(message.buffer).setUint32(0, number);
    message.set(new Uint8Array(jpeg), HEAD);
    this.#send(message);
  }

  acknowledge(number) {
    this.#send(JSON.stringify({ type: "shown", number }));
  }

  #send(data) {
    if (this.isOpen) this.#socket.send(data);
  }

  #hear(message) {
    if (message.type === "welcome") {
      this.#tries = 0;
      sessionStorage.setItem("session", message.session);
      this.#tell("state", { state: "open" });
    }
    this.#tell(message.type, message);
  }

  #look(data) {
    this.#tell("picture", unpackPicture(data));
  }

  async #closed(socket, code, reason) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    if (code === TAKEN_OVER) return this.#tell("state", { state: "elsewhere" });
    if (code === ENDED) return this.#tell("state", { state: "ended" });
    this.#tell("state", { state: code === TOO_MANY ? "full" : "lost", reason });
    if (await isRefused()) return this.#tell("state", { state: "refused" });
    const wait = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)];
    this.#retry = setTimeout(() => this.open(), wait);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** The JPEG and what the server says of it. */
export function unpackPicture(buffer) {
  const length = new DataView(buffer).getUint32(4);
  const text = new TextDecoder().decode(new Uint8Array(buffer, HEAD, length));
  return { message: JSON.parse(text), jpeg: new Blob([new Uint8Array(buffer, HEAD + length)], { type: "image/jpeg" }) };
}

/** Whether the server is there and does not want this page: it was started again, with another token. */
async function isRefused() {
  try {
    return (await fetch("/", { method: "HEAD" })).status === 403;
  } catch {
    return false;
  }
}
