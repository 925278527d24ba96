/** Entries of the table: linear light 0 … {@link TONE_WHITE} in equal steps. */
export const TONE_STEPS = 16384;
/** Linear light from which on everything is white. */
export const TONE_WHITE = 4;

const SHOULDER = 0.7;

/**
 * Linear light to 8-bit colour. Above the shoulder s highlights roll off, x → s + (1 − s)·(1 − 1 / (1 + (x − s)/(1 − s))),
 * and the display's gamma is taken as 2. Both need only operations that IEEE 754 rounds exactly, so that a picture is
 * the same on every machine.
 */
export function createToneTable(): Uint8Array {
  const table = new Uint8Array(TONE_STEPS);
  for (let i = 0; i < TONE_STEPS; i++) {
    const linear = (i / (TONE_STEPS - 1)) * TONE_WHITE;
    const range = 1 - SHOULDER;
    const rolled = linear < SHOULDER ? linear : SHOULDER + range * (1 - 1 / (1 + (linear - SHOULDER) / range));
    table[i] = Math.round(255 * Math.sqrt(rolled));
  }
  return table;
}

/** The inverse of the display's gamma: sRGB component 0 … 1 to linear light. */
export function linearFromSrgb(value: number): number {
  return value * value;
}
