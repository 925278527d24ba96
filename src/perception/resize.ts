/**
 * Scales an rgb8 image into a frame of another size, keeping its shape: bilinear, centred, black where it does not
 * reach. A pixel (u, v) of the result takes the colour at ((u + ½)/s − ½, (v + ½)/s − ½) of the image, s being the scale.
 *
 * @param color - height × width × 3.
 * @param out - outHeight × outWidth × 3.
 */
export function resizeWithPadding(
  color: Uint8Array,
  width: number,
  height: number,
  out: Uint8Array,
  outWidth: number,
  outHeight: number,
): void {
  if (color.length !== 3 * width * height || out.length !== 3 * outWidth * outHeight) {
    throw new Error(
      `Images have ${color.length} and ${out.length} bytes; ${width}×${height} and ${outWidth}×${outHeight} need ` +
        `${3 * width * height} and ${3 * outWidth * outHeight}.`,
    );
  }
  if (width === outWidth && height === outHeight) {
    out.set(color);
    return;
  }
  const scale = Math.min(outWidth / width, outHeight / height);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  const [left, top] = [(outWidth - w) >> 1, (outHeight - h) >> 1];
  out.fill(0);
  for (let v = 0; v < h; v++) {
    const y = Math.min(Math.max((v + 0.5) / scale - 0.5, 0), height - 1);
    const y0 = Math.floor(y);
    const y1 = Math.min(y0 + 1, height - 1);
    const fy = y - y0;
    for (let u = 0; u < w; u++) {
      const x = Math.min(Math.max((u + 0.5) / scale - 0.5, 0), width - 1);
      const x0 = Math.floor(x);
      const x1 = Math.min(x0 + 1, width - 1);
      const fx = x - x0;
      const o = 3 * ((v + top) * outWidth + u + left);
      for (let k = 0; k < 3; k++) {
        const upper = (1 - fx) * color[3 * (y0 * width + x0) + k] + fx * color[3 * (y0 * width + x1) + k];
        const lower = (1 - fx) * color[3 * (y1 * width + x0) + k] + fx * color[3 * (y1 * width + x1) + k];
        out[o + k] = Math.round((1 - fy) * upper + fy * lower);
      }
    }
  }
}
