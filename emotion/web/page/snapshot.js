// What is seen, as a PNG.

import { drawFaces } from "./overlay.js";

/** Saves the picture of `source`, a video or a canvas, with its faces, in its own size. */
export async function saveSnapshot(source, { mirrored, message, colours }) {
  const [width, height] = [source.videoWidth ?? source.width, source.videoHeight ?? source.height];
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const faces = document.createElement("canvas");
  Object.assign(faces, { width, height });
  drawFaces(faces.getContext("2d"), { width, height, unit: Math.max(1, width / 900), mirrored }, message, colours);
  if (mirrored) context.setTransform(-1, 0, 0, 1, width, 0);
  context.drawImage(source, 0, 0);
  context.resetTransform();
  context.drawImage(faces, 0, 0);
  const png = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(png);
  link.download = `emotions-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
