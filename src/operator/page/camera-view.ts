import type { Image } from './messages.js';
import type { Painter } from './painter.js';

/** Depths of the scale's ends, m. */
const NEAR = 0.3;
const FAR = 1.6;

/** Shows the latest picture as soon as something is drawn; those in between are left out. @param read reads it */
export function showImage(painter: Painter, canvas: HTMLCanvasElement, read: () => Image): void {
  painter.request(canvas, () => drawImage(canvas, read()));
}

/** Draws a picture of encoding rgb8, or of 32FC1: depth in metres, from warm (near) to cold (far), black for none. */
function drawImage(canvas: HTMLCanvasElement, { width, height, encoding, data }: Image): void {
  const context = canvas.getContext('2d');
  if (context === null || (encoding !== 'rgb8' && encoding !== '32FC1')) return;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const picture = context.createImageData(width, height);
  const pixels = picture.data;
  if (encoding === 'rgb8') {
    for (let from = 0, to = 0; to < pixels.length; from += 3, to += 4) {
      pixels[to] = data[from]!;
      pixels[to + 1] = data[from + 1]!;
      pixels[to + 2] = data[from + 2]!;
      pixels[to + 3] = 255;
    }
  } else {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let i = 0; i < width * height; i++) colour(view.getFloat32(4 * i, true), pixels, 4 * i);
  }
  context.putImageData(picture, 0, 0);
}

/** Writes the colour of a depth. Hues from 0 (red) to 240 degrees (blue), full saturation. */
function colour(depth: number, out: Uint8ClampedArray, at: number): void {
  out[at + 3] = 255;
  if (!(depth > 0)) return;
  const hue = 4 * Math.min(1, Math.max(0, (depth - NEAR) / (FAR - NEAR)));
  // A triangle wave for each primary: 1 within a sixth of the circle of its hue, 0 beyond two sixths.
  out[at] = 230 * clamp(2 - hue);
  out[at + 1] = 230 * clamp(2 - Math.abs(hue - 2));
  out[at + 2] = 230 * clamp(hue - 2);
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
