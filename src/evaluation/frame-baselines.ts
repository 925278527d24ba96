import { luminance, type Picture } from './image-metrics.js';

/** Side of the blocks whose motion is sought, and of the windows compared around them, px. */
const BLOCK = 4;
const COMPARED = 8;
/** Farthest that a block is sought, px. */
const REACH = 8;
/** By how much a motion must match better than rest to be believed, mean grey levels. */
const BELIEVED = 2;

/**
 * Constant velocity of every colour: I(t + h) = I(t) + h/d · (I(t) − I(t − d)), kept within 0 … 255.
 * @param steps h/d
 */
export function extrapolateColors(before: Picture, now: Picture, steps: number): Picture {
  const color = now.color.map((value, i) => Math.min(Math.max(value + steps * (value - before.color[i]!), 0), 255));
  return { ...now, color };
}

/**
 * Constant velocity of what is seen: blocks of 4 × 4 pixels are sought in the picture before by the least mean absolute
 * difference of 8 × 8 windows of luminance, up to 8 px away; those that moved are carried on and drawn over the picture.
 * What they uncover stays as it is.
 * @param steps time ahead over the time between the pictures
 */
export function extrapolateMotion(before: Picture, now: Picture, steps: number): Picture {
  const { width, height } = now;
  const [old, seen] = [luminance(before), luminance(now)];
  const color = now.color.slice();
  for (let top = 0; top < height; top += BLOCK) {
    for (let left = 0; left < width; left += BLOCK) {
      const [dx, dy] = motionOf(old, seen, width, height, left, top);
      if (dx === 0 && dy === 0) continue;
      const [shiftX, shiftY] = [Math.round(dx * steps), Math.round(dy * steps)];
      for (let y = top; y < Math.min(top + BLOCK, height); y++) {
        for (let x = left; x < Math.min(left + BLOCK, width); x++) {
          const [toX, toY] = [x + shiftX, y + shiftY];
          if (toX < 0 || toX >= width || toY < 0 || toY >= height) continue;
          const from = 3 * (y * width + x);
          color.set(now.color.subarray(from, from + 3), 3 * (toY * width + toX));
        }
      }
    }
  }
  return { ...now, color };
}

/** Motion of a block from the picture before, px; the shorter of two that match alike. */
function motionOf(
  old: Float64Array,
  seen: Float64Array,
  width: number,
  height: number,
  left: number,
  top: number,
): readonly [number, number] {
  const margin = (COMPARED - BLOCK) / 2;
  const difference = (dx: number, dy: number) => {
    let [sum, count] = [0, 0];
    for (let y = Math.max(top - margin, 0); y < Math.min(top + BLOCK + margin, height); y++) {
      for (let x = Math.max(left - margin, 0); x < Math.min(left + BLOCK + margin, width); x++) {
        const [fromX, fromY] = [x - dx, y - dy];
        if (fromX < 0 || fromX >= width || fromY < 0 || fromY >= height) return Number.POSITIVE_INFINITY;
        sum += Math.abs(seen[y * width + x]! - old[fromY * width + fromX]!);
        count++;
      }
    }
    return sum / count;
  };
  const rest = difference(0, 0);
  if (rest < BELIEVED) return [0, 0];
  let best: readonly [number, number] = [0, 0];
  let least = rest - BELIEVED;
  let length = 0;
  for (let dy = -REACH; dy <= REACH; dy++) {
    for (let dx = -REACH; dx <= REACH; dx++) {
      const found = difference(dx, dy);
      const shorter = dx * dx + dy * dy < length;
      if (found < least || (found === least && shorter)) {
        least = found;
        best = [dx, dy];
        length = dx * dx + dy * dy;
      }
    }
  }
  return best;
}
