import { encode } from 'fast-png';
import type { Picture } from './image-metrics.js';
import type { SheetRow } from './world-trial.js';

/** Pixels of the sheet for one of a picture, and between pictures. */
const SCALE = 3;
const GAP = 4;
/** Between what belongs to different times. */
const WIDE_GAP = 14;
const BACKGROUND = 32;

/**
 * A PNG with a row for each moment: what is seen, then for each time ahead the true frame and beside it the predicted
 * one.
 * @throws Error without a row
 */
export function contactSheet(rows: readonly SheetRow[]): Uint8Array {
  const [first] = rows;
  if (first === undefined) throw new Error('the contact sheet has no rows: no moment was judged');
  const [cellWidth, cellHeight] = [SCALE * first.seen.width, SCALE * first.seen.height];
  const width = 2 * GAP + cellWidth + first.frames.length * (WIDE_GAP + 2 * cellWidth + GAP);
  const height = GAP + rows.length * (cellHeight + GAP);
  const data = new Uint8Array(3 * width * height).fill(BACKGROUND);
  const draw = ({ color, width: w, height: h }: Picture, left: number, top: number) => {
    for (let y = 0; y < SCALE * h; y++) {
      for (let x = 0; x < SCALE * w; x++) {
        const from = 3 * (Math.floor(y / SCALE) * w + Math.floor(x / SCALE));
        data.set(color.subarray(from, from + 3), 3 * ((top + y) * width + left + x));
      }
    }
  };
  for (const [row, { seen, frames }] of rows.entries()) {
    const top = GAP + row * (cellHeight + GAP);
    let left = GAP;
    draw(seen, left, top);
    left += cellWidth + WIDE_GAP;
    for (const { truth, predicted } of frames) {
      draw(truth, left, top);
      draw(predicted, left + cellWidth + GAP, top);
      left += 2 * cellWidth + GAP + WIDE_GAP;
    }
  }
  return encode({ width, height, data, channels: 3 });
}
