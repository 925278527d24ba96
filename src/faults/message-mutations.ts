/** What can be wrong with a message. */
export const MUTATIONS = [
  'NaN',
  'Inf',
  'wrong length',
  'wrong order',
  'stale',
  'future',
  'duplicated',
  'flooded',
  'malformed',
] as const;
export type Mutation = (typeof MUTATIONS)[number];

/** A stale message is this much older than it says, a future one this much newer, s. */
const SHIFT = 10;

type Fields = Record<string, unknown>;

/**
 * A copy of a message with something wrong in its fields.
 * @returns undefined where the message has nothing that could be wrong in this way
 */
export function mutate(message: object, mutation: Mutation): object | undefined {
  const copy = structuredClone(message) as Fields;
  switch (mutation) {
    case 'NaN':
      return fillNumbers(copy, Number.NaN) ? copy : undefined;
    case 'Inf':
      return fillNumbers(copy, Number.POSITIVE_INFINITY) ? copy : undefined;
    case 'wrong length':
      return eachArray(copy, (array) => array.slice(0, array.length >> 1)) ? copy : undefined;
    case 'wrong order':
      return eachArray(copy, (array) => array.slice().reverse()) ? copy : undefined;
    case 'stale':
      return shiftStamp(copy, -SHIFT) ? copy : undefined;
    case 'future':
      return shiftStamp(copy, SHIFT) ? copy : undefined;
    default:
      return copy;
  }
}

/** Whether anything was there to fill: floating-point arrays and vectors. */
function fillNumbers(fields: Fields, value: number): boolean {
  let found = false;
  for (const [key, field] of Object.entries(fields)) {
    if (field instanceof Float64Array || field instanceof Float32Array) {
      field.fill(value);
      found ||= field.length > 0;
    } else if (/^[xyzw]$/.test(key) && typeof field === 'number') {
      fields[key] = value;
      found = true;
    } else if (typeof field === 'object' && field !== null) {
      found = fillNumbers(field as Fields, value) || found;
    }
  }
  return found;
}

type Sliceable = { readonly length: number; slice(from?: number, to?: number): Sliceable; reverse(): Sliceable };

/** Replaces every array of numbers or names. */
function eachArray(fields: Fields, change: (array: Sliceable) => Sliceable): boolean {
  let found = false;
  for (const [key, field] of Object.entries(fields)) {
    if (ArrayBuffer.isView(field) || (Array.isArray(field) && typeof field[0] !== 'object')) {
      const array = field as unknown as Sliceable;
      if (array.length < 2) continue;
      fields[key] = change(array);
      found = true;
    } else if (typeof field === 'object' && field !== null) {
      found = eachArray(field as Fields, change) || found;
    }
  }
  return found;
}

function shiftStamp(fields: Fields, seconds: number): boolean {
  const stamp = (fields.header as { stamp?: { sec: number } } | undefined)?.stamp;
  if (stamp === undefined) return false;
  stamp.sec += seconds;
  return true;
}
