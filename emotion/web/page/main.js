// The page: what is looked at (a camera, a video, a photo, the server's camera), and the controls.

import { closeSource, explain, listCameras, openCamera, openVideo } from "./camera.js";
import { Connection, unpackPicture } from "./connection.js";
import { FrameSender } from "./frames.js";
import { Latency } from "./latency.js";
import { hideCard, setStatus, showCard, showConnection, showPrivacy } from "./notices.js";
import { drawFaces } from "./overlay.js";
import { saveSnapshot } from "./snapshot.js";
import { Timeline } from "./timeline.js";

const $ = (id) => document.getElementById(id);
const [stage, video, picture, overlay] = ["stage", "video", "picture", "overlay"].map($);

const connection = new Connection();
export const frames = new FrameSender(video, (number, jpeg) => connection.sendPicture(number, jpeg));
const timeline = new Timeline({ list: $("lanes"), more: $("more"), axis: $("axis"), nobody: $("nobody") });
export const latency = new Latency($("pace"));

let colours = {}; // by label
let source = null; // what is looked at: "camera", "video", "photo" or "server"
let serverCamera = null; // its name, if the server has one
let mirrored = false;
let paused = false;
let last = null; // the newest message with faces

// What the server says.

connection.addEventListener("state", ({ detail }) => showState(detail));

connection.addEventListener("welcome", ({ detail }) => {
  colours = Object.fromEntries(detail.labels.map((label, i) => [label, detail.colours[i]]));
  timeline.setLabels(detail.labels, colours);
  showLegend(detail.labels);
  $("recorded").hidden = !detail.recorded.length;
  $("recorded").textContent = `Recorded: ${detail.recorded.join(", ")}`;
  frames.limit = detail.under_way;
  frames.reset();
  serverCamera = detail.source;
  $("details").hidden = Boolean(serverCamera);
  if (source === null) openOwn();
});

connection.addEventListener("faces", ({ detail }) => {
  const captured = frames.answered(detail.number);
  if (source !== "camera" && source !== "video") return;
  show(detail);
  if (captured !== undefined) latency.shown(captured);
});

connection.addEventListener("picture", async ({ detail: { message, jpeg } }) => {
  if (source === "server" && !paused) {
    await showPicture(jpeg);
    show(message);
    latency.shown(null);
  }
  connection.acknowledge(message.number);
});

function show(message) {
  last = message;
  draw();
  // A photo's faces have no number; below it they are counted from the left.
  timeline.add(message.time_s, message.faces.map((face, i) => ({ ...face, id: face.id ?? i + 1 })));
  if (message.problem) setStatus("lost", `Not recorded any more: ${message.problem}`);
}

function draw() {
  const view = { width: overlay.width, height: overlay.height, unit: devicePixelRatio, mirrored };
  drawFaces(overlay.getContext("2d"), view, last, colours);
}

function showState({ state, reason }) {
  showConnection(state, reason);
  if (state !== "open") frames.reset();
  if (state === "elsewhere") {
    frames.running = false;
    showCard("This page went on in another tab", "Only one tab at a time is the same visitor.", "Continue here", () => {
      hideCard();
      connection.open();
      frames.running = !video.hidden && !paused;
    });
  }
}

// What is looked at.

function openOwn() {
  if (serverCamera) look("server");
  else startCamera();
}

async function startCamera(deviceId = localStorage.getItem("camera")) {
  showCard("May I use the camera?", "The browser asks; allow it, and see what the faces before it feel.");
  try {
    const track = await openCamera(video, deviceId).catch((error) => {
      if (!deviceId || error.name !== "OverconstrainedError") throw error;
      return openCamera(video, null); // the camera of last time is not plugged in
    });
    const { deviceId: id, facingMode } = track.getSettings();
    track.onended = () => showCard(...explain(new DOMException("", "NotFoundError")), "Try again", () => startCamera());
    look("camera", facingMode !== "environment");
    showCameras(id);
  } catch (error) {
    showCard(...explain(error), "Try again", () => startCamera());
  }
}

async function openFile(file) {
  if (!file) return;
  if (file.type.startsWith("video/")) {
    if (serverCamera) return showCard("This server shows its own camera", "A photo can be dropped here; a video goes to vid_predict.py.", "Back", openOwn);
    return openVideo(video, file).then(
      () => look("video"),
      () => showCard("This browser cannot play that video", "vid_predict.py reads nearly every kind.", "Back to the camera", openOwn),
    );
  }
  setStatus("open", "Looking at the photo…");
  const response = await fetch("/photo", { method: "POST", body: file }).catch(() => null);
  setStatus(connection.isOpen ? "open" : "lost", connection.isOpen ? "Connected" : "Connection lost; trying again…");
  if (!response?.ok) {
    const why = response ? await response.text() : "The server does not answer.";
    return showCard("That is no photo that can be read", why, "Back to the camera", openOwn);
  }
  const { message, jpeg } = unpackPicture(await response.arrayBuffer());
  await showPicture(jpeg);
  look("photo");
  show(message);
  timeline.draw();
}

function look(at, mirror = false) {
  source = at;
  last = null;
  setPaused(false);
  setMirrored(mirror);
  if (at !== "camera" && at !== "video") closeSource(video);
  stage.dataset.source = at;
  video.hidden = at !== "camera" && at !== "video";
  picture.hidden = !video.hidden;
  $("back").hidden = at === "camera" || at === "server";
  $("pause").disabled = at === "photo";
  $("cameras").hidden = at !== "camera" || $("camera").options.length < 2;
  frames.running = !video.hidden;
  latency.restart(at !== "photo");
  timeline.clear();
  $("people-title").textContent = at === "photo" ? "In this photo" : "The last minute";
  $("nobody").textContent = at === "photo" ? "No face was found in it." : "No face seen yet.";
  hideCard();
  fit();
  draw();
}

async function showPicture(jpeg) {
  const image = await createImageBitmap(jpeg);
  if (picture.width !== image.width || picture.height !== image.height) {
    Object.assign(picture, { width: image.width, height: image.height });
    fit();
  }
  picture.getContext("2d").drawImage(image, 0, 0);
  image.close();
}

/** The stage takes the shape of what it shows. */
function fit() {
  const [width, height] = video.hidden ? [picture.width, picture.height] : [video.videoWidth, video.videoHeight];
  if (width && height) stage.style.setProperty("--shape", width / height);
}

// The controls.

function setPaused(value) {
  paused = value;
  $("pause").setAttribute("aria-pressed", paused);
  $("pause").querySelector("span").textContent = paused ? "Go on" : "Pause";
  stage.classList.toggle("paused", paused);
  if (!video.hidden) paused ? video.pause() : video.play().catch(() => {});
  frames.running = !video.hidden && !paused;
}

function setMirrored(value) {
  mirrored = value;
  $("mirror").setAttribute("aria-pressed", mirrored);
  stage.classList.toggle("mirrored", mirrored);
  draw();
}

const actions = {
  pause: () => source && source !== "photo" && setPaused(!paused),
  snapshot: () => last && saveSnapshot(video.hidden ? picture : video, { mirrored, message: last, colours }),
  mirror: () => setMirrored(!mirrored),
  open: () => $("file").click(),
  back: openOwn,
};
for (const [id, action] of Object.entries(actions)) $(id).addEventListener("click", action);

const keys = { " ": "pause", s: "snapshot", m: "mirror", o: "open", Escape: "back" };
addEventListener("keydown", (event) => {
  const button = $(keys[event.key]);
  const typed = event.target.closest("select, input") || (event.key === " " && event.target.closest("button"));
  if (!button || button.hidden || button.disabled || typed || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  actions[button.id]();
});

$("file").addEventListener("change", ({ target }) => {
  openFile(target.files[0]);
  target.value = ""; // or the same file could not be chosen again
});
for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
  addEventListener(type, (event) => {
    event.preventDefault();
    $("drop-hint").hidden = type === "drop" || (type === "dragleave" && event.relatedTarget !== null);
    if (type === "drop") openFile(event.dataTransfer.files[0]);
  });
}

$("camera").addEventListener("change", ({ target }) => {
  localStorage.setItem("camera", target.value);
  startCamera(target.value);
});
$("detail").value = localStorage.getItem("detail") ?? "640";
$("detail").addEventListener("change", ({ target }) => {
  localStorage.setItem("detail", target.value);
  frames.detail = Number(target.value);
});
frames.detail = Number($("detail").value);

async function showCameras(chosen) {
  const cameras = await listCameras();
  $("camera").replaceChildren(...cameras.map(({ deviceId, label }, i) => new Option(label || `Camera ${i + 1}`, deviceId, false, deviceId === chosen)));
  $("cameras").hidden = source !== "camera" || cameras.length < 2;
}
navigator.mediaDevices?.addEventListener("devicechange", () => showCameras($("camera").value));

video.addEventListener("resize", fit);
video.addEventListener("ended", () => setPaused(true));
new ResizeObserver(() => {
  overlay.width = Math.round(overlay.clientWidth * devicePixelRatio);
  overlay.height = Math.round(overlay.clientHeight * devicePixelRatio);
  draw();
}).observe(stage);

function showLegend(labels) {
  const entries = labels.map((label) => {
    const entry = document.createElement("li");
    const swatch = document.createElement("i");
    swatch.className = "swatch";
    swatch.style.background = colours[label];
    entry.append(swatch, label);
    return entry;
  });
  $("legend").replaceChildren(...entries);
}

showPrivacy();
history.replaceState(null, "", "/"); // the token stays out of the address, the history and whoever looks over the shoulder
connection.open();
