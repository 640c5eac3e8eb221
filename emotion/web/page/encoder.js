// A worker: pictures in, JPEG out. On the page's own thread it took half of the live picture's frames at 1280x720.

const QUALITY = 0.8;
const canvas = new OffscreenCanvas(1, 1);
const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });

onmessage = async ({ data: { number, picture, width, height } }) => {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  context.drawImage(picture, 0, 0, width, height);
  picture.close();
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  const jpeg = await blob.arrayBuffer();
  postMessage({ number, jpeg }, [jpeg]);
};
