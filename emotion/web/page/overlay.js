// What is drawn over the picture: for each face its box, its emotion, and all its probabilities as bars.

const INK = "#181818";
const PAPER = "#ffffff";
const FONT = "system-ui, sans-serif";

/**
 * Draws the faces of `message` into a view of `width` x `height` pixels, of which `unit` make one pixel of the page.
 * `colours` gives the colour of each label.
 */
export function drawFaces(context, { width, height, unit, mirrored }, message, colours) {
  context.clearRect(0, 0, width, height);
  if (!message) return;
  const scale = width / message.width;
  const faces = message.faces.map((face) => ({ ...face, box: place(face.box, scale, width, mirrored) }));
  const taken = faces.map(({ box }) => box);
  for (const face of faces) drawBox(context, face.box, mirrored ? -face.tilt : face.tilt, colours[face.label], unit);
  for (const face of faces) taken.push(drawLabel(context, face, colours[face.label], taken, { width, height, unit }));
  for (const face of faces) taken.push(drawBars(context, face, colours, taken, { width, height, unit }));
}

function place([x, y, w, h], scale, width, mirrored) {
  const left = mirrored ? width - (x + w) * scale : x * scale;
  return { x: left, y: y * scale, w: w * scale, h: h * scale };
}

/** The box, turned by `tilt`, in degrees clockwise, as the face in it is. */
function drawBox(context, { x, y, w, h }, tilt, colour, unit) {
  const radius = Math.min(w, h) * 0.08;
  context.save();
  context.translate(x + w / 2, y + h / 2);
  context.rotate((tilt * Math.PI) / 180);
  for (const [style, line] of [["rgb(0 0 0 / 45%)", 5], [colour, 2.5]]) {
    context.beginPath();
    context.roundRect(-w / 2, -h / 2, w, h, radius);
    context.strokeStyle = style;
    context.lineWidth = line * unit;
    context.stroke();
  }
  context.restore();
}

/** The label's size follows the face, within what can be read and what is no shouting. */
function textSize(box, unit) {
  return Math.min(Math.max(box.h * 0.11, 12 * unit), 19 * unit);
}

function drawLabel(context, face, colour, taken, view) {
  const size = textSize(face.box, view.unit);
  const name = face.id === null ? face.label : `${face.id}  ${face.label}`;
  context.font = `600 ${size}px ${FONT}`;
  context.textBaseline = "middle";
  const text = `${name} ${Math.round(face.confidence * 100)} %`;
  const w = context.measureText(text).width + size * 0.9;
  const h = size * 1.5;
  const { x, y, h: tall } = face.box;
  const gap = 3 * view.unit;
  const places = [{ x, y: y - h - gap }, { x, y: y + tall + gap }, { x, y: y + gap }];
  const box = best(places.map((corner) => inside({ ...corner, w, h }, view)), taken.filter((other) => other !== face.box));
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(box.x, box.y, w, h, h * 0.28);
  context.fill();
  context.fillStyle = isLight(colour) ? INK : PAPER;
  context.fillText(text, box.x + size * 0.45, box.y + h * 0.53);
  return box;
}

/** Beside the box, where they are in nobody's way; nowhere otherwise: the lanes below the picture have them too. */
function drawBars(context, face, colours, taken, view) {
  const names = Object.keys(face.emotions);
  const line = Math.min(Math.max(face.box.h / names.length, 12 * view.unit), 20 * view.unit);
  context.font = `500 ${line * 0.68}px ${FONT}`;
  const column = Math.max(...names.map((name) => context.measureText(name).width));
  const bar = line * 3.2;
  const pad = line * 0.5;
  const size = { w: column + bar + 3 * pad, h: names.length * line + pad };
  const gap = 8 * view.unit;
  const { x, y, w } = face.box;
  const corners = [{ x: x + w + gap, y }, { x: x - size.w - gap, y }];
  const free = corners
    .map((corner) => ({ ...corner, ...size, y: Math.max(0, Math.min(corner.y, view.height - size.h)) }))
    .find((box) => box.x >= 0 && box.x + box.w <= view.width && size.h <= view.height && !taken.some((other) => overlap(box, other)));
  if (!free) return { x: 0, y: 0, w: 0, h: 0 };
  context.fillStyle = "rgb(12 14 18 / 62%)";
  context.beginPath();
  context.roundRect(free.x, free.y, free.w, free.h, line * 0.4);
  context.fill();
  names.forEach((name, row) => {
    const top = free.y + pad / 2 + row * line;
    context.fillStyle = name === face.label ? PAPER : "rgb(255 255 255 / 75%)";
    context.fillText(name, free.x + pad, top + line * 0.53);
    context.fillStyle = "rgb(255 255 255 / 14%)";
    context.fillRect(free.x + 2 * pad + column, top + line * 0.28, bar, line * 0.44);
    context.fillStyle = colours[name];
    context.fillRect(free.x + 2 * pad + column, top + line * 0.28, Math.max(bar * face.emotions[name], view.unit), line * 0.44);
  });
  return free;
}

function inside(box, { width, height }) {
  return { ...box, x: Math.max(0, Math.min(box.x, width - box.w)), y: Math.max(0, Math.min(box.y, height - box.h)) };
}

/** The first of `places` that covers least of what is taken. */
function best(places, taken) {
  const costs = places.map((box) => taken.reduce((sum, other) => sum + overlap(box, other), 0));
  return places[costs.indexOf(Math.min(...costs))];
}

function overlap(a, b) {
  const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  return Math.max(0, w) * Math.max(0, h);
}

/** Whether black reads better on `colour`, "#rrggbb", than white does. */
export function isLight(colour) {
  const [red, green, blue] = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 120;
}
