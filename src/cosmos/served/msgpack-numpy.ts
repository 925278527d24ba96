import { Packr } from 'msgpackr';
import { elementType, type NumericArray, numericArray } from './numeric-array.js';

/** Maps stay maps, so that binary keys survive. */
const packr = new Packr({ useRecords: false, mapsAsObjects: false });

/** What travels in a message. */
export type WireValue = NumericArray | string | number | boolean | undefined | readonly WireValue[] | WireMap;
export interface WireMap extends ReadonlyMap<string, WireValue> {}

/** How arrays are written into msgpack. */
export interface ArrayConvention {
  encode(array: NumericArray): Map<unknown, unknown>;
  /** @returns undefined where the map is not an array */
  decode(map: ReadonlyMap<unknown, unknown>): NumericArray | undefined;
}

/** openpi's: a map whose keys are binary; with text as keys its server sees a plain dictionary. */
export const OPENPI_ARRAYS: ArrayConvention = {
  encode: ({ dtype, shape, bytes }) =>
    new Map<unknown, unknown>([
      [Buffer.from('__ndarray__'), true],
      [Buffer.from('data'), asBuffer(bytes)],
      [Buffer.from('dtype'), dtype],
      [Buffer.from('shape'), shape],
    ]),
  decode: (map) => {
    const fields = new Map([...map].map(([key, value]) => [textOf(key), value]));
    const scalar = fields.has('__npgeneric__');
    if (!scalar && !fields.has('__ndarray__')) return undefined;
    const { data, dtype, shape } = Object.fromEntries(fields) as { data: unknown; dtype: unknown; shape?: unknown };
    // A NumPy scalar travels as a number.
    if (scalar) return numericArray('<f8', [], new Uint8Array(Float64Array.of(Number(data)).buffer));
    if (!(data instanceof Uint8Array) || !Array.isArray(shape)) {
      throw new Error('an array in the reply lacks its data or its shape');
    }
    return numericArray(elementType(textOf(dtype)), shape.map(Number), data);
  },
};

/** A message in msgpack. */
export function encodeMessage(value: WireValue, arrays: ArrayConvention): Buffer {
  return packr.pack(toWire(value, arrays));
}

/** The inverse of {@link encodeMessage}. @throws Error where it is no msgpack, or an array in it is malformed */
export function decodeMessage(bytes: Uint8Array, arrays: ArrayConvention): WireValue {
  return fromWire(packr.unpack(asBuffer(bytes)), arrays);
}

export function isArray(value: WireValue): value is NumericArray {
  return typeof value === 'object' && 'dtype' in value;
}

export function isMap(value: WireValue): value is WireMap {
  return value instanceof Map;
}

function toWire(value: WireValue, arrays: ArrayConvention): unknown {
  if (typeof value !== 'object') return value ?? null;
  if (isArray(value)) return arrays.encode(value);
  if (isMap(value)) return new Map([...value].map(([key, entry]) => [key, toWire(entry, arrays)]));
  return (value as readonly WireValue[]).map((entry) => toWire(entry, arrays));
}

function fromWire(value: unknown, arrays: ArrayConvention): WireValue {
  if (value instanceof Map) {
    const array = arrays.decode(value);
    return array ?? new Map([...value].map(([key, entry]) => [textOf(key), fromWire(entry, arrays)]));
  }
  if (Array.isArray(value)) return value.map((entry) => fromWire(entry, arrays));
  if (value instanceof Uint8Array) return numericArray('|u1', [value.length], value);
  if (typeof value === 'bigint') return Number(value);
  return (value ?? undefined) as string | number | boolean | undefined;
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? asBuffer(value).toString('utf8') : String(value);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
