/** Element types by NumPy's name; all little-endian. */
const ELEMENTS = {
  '|b1': Uint8Array,
  '|i1': Int8Array,
  '|u1': Uint8Array,
  '<i2': Int16Array,
  '<u2': Uint16Array,
  '<i4': Int32Array,
  '<u4': Uint32Array,
  '<i8': BigInt64Array,
  '<u8': BigUint64Array,
  '<f4': Float32Array,
  '<f8': Float64Array,
} as const;

/** An element type as NumPy names it, such as `<f4`. */
export type ElementType = keyof typeof ELEMENTS;

/** An array of numbers as it travels to and from policy servers: row-major. */
export interface NumericArray {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  /** The elements' bytes. */
  readonly bytes: Uint8Array;
}

/** Bytes of an element. */
export function elementSize(dtype: ElementType): number {
  return ELEMENTS[dtype].BYTES_PER_ELEMENT;
}

/** @throws Error that lists the element types, where `dtype` is none of them */
export function elementType(dtype: string): ElementType {
  // Single bytes have no order; NumPy writes '=' for its own, which is little-endian on every machine that serves.
  const name = dtype.replace('=', '<').replace(/^[<>](?=[biu]1$)/, '|');
  if (!(name in ELEMENTS)) {
    throw new Error(`array has elements of type '${dtype}'; known are ${Object.keys(ELEMENTS).join(', ')}`);
  }
  return name as ElementType;
}

/** An array of `float32`. @throws Error where the shape does not fit */
export function float32Array(values: ArrayLike<number>, shape: readonly number[]): NumericArray {
  const data = Float32Array.from(values);
  return numericArray('<f4', shape, new Uint8Array(data.buffer));
}

/** @throws Error where the number of bytes does not fit the shape */
export function numericArray(dtype: ElementType, shape: readonly number[], bytes: Uint8Array): NumericArray {
  const expected = countElements(shape) * elementSize(dtype);
  if (bytes.length !== expected) {
    throw new Error(`array of ${shape.join(' × ')} ${dtype} has ${bytes.length} bytes; expected ${expected}`);
  }
  return { dtype, shape, bytes };
}

/** Elements in an array of that shape. @throws Error where a dimension is not a count */
export function countElements(shape: readonly number[]): number {
  const bad = shape.find((dimension) => !(Number.isSafeInteger(dimension) && dimension >= 0));
  if (bad !== undefined) throw new Error(`array has the shape [${shape.join(', ')}]; ${bad} is no count`);
  return shape.reduce((count, dimension) => count * dimension, 1);
}

/** The elements as double-precision numbers, row-major. */
export function toFloat64({ dtype, bytes }: NumericArray): Float64Array {
  const Elements = ELEMENTS[dtype];
  // A copy: the bytes lie in a message, where they need not be aligned.
  const { buffer } = Uint8Array.from(bytes);
  const elements = new Elements(buffer);
  return Float64Array.from({ length: elements.length }, (_, i) => Number(elements[i]));
}
