import { countElements, elementSize, elementType, type NumericArray, numericArray } from './numeric-array.js';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** Headers are padded so that the data start at a multiple of this. */
const ALIGNMENT = 64;

/** A whole .npy file, version 1.0 (NumPy Enhancement Proposal 1). */
export function encodeNpy({ dtype, shape, bytes }: NumericArray): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const description = `{'descr': '${dtype}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const unpadded = MAGIC.length + 4 + description.length + 1;
  const header = `${description}${' '.repeat((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT)}\n`;
  const length = Buffer.alloc(4);
  length[0] = 1;
  length.writeUInt16LE(header.length, 2);
  return Buffer.concat([MAGIC, length, Buffer.from(header, 'latin1'), bytes]);
}

/**
 * Reads a .npy file, versions 1 to 3; arrays in Fortran's order are turned round.
 * @throws Error saying what is wrong with it
 */
export function decodeNpy(file: Uint8Array): NumericArray {
  const buffer = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (!buffer.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('not a .npy file: its first bytes differ');
  const wide = buffer[6]! > 1;
  const start = wide ? 12 : 10;
  if (buffer.length < start) throw new Error(`.npy file is cut off after ${buffer.length} bytes`);
  const end = start + (wide ? buffer.readUInt32LE(8) : buffer.readUInt16LE(8));
  if (buffer.length < end) throw new Error(`.npy file is cut off in its header, after ${buffer.length} bytes`);
  const header = buffer.toString('latin1', start, end);
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const dimensions = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || dimensions === undefined) {
    throw new Error(`.npy header is not understood: ${header.trim()}`);
  }
  const shape = dimensions
    .split(',')
    .filter((text) => text.trim() !== '')
    .map(Number);
  const array = numericArray(elementType(descr), shape, buffer.subarray(end));
  return order === 'True' ? toRowMajor(array) : array;
}

/** Element (i₀, i₁, …) of an array in Fortran's order is at Σ iₖ·Π_{j<k} nⱼ. */
function toRowMajor({ dtype, shape, bytes }: NumericArray): NumericArray {
  const size = elementSize(dtype);
  const out = new Uint8Array(bytes.length);
  const index = shape.map(() => 0);
  for (let i = 0; i < countElements(shape); i++) {
    let from = 0;
    for (let k = shape.length - 1; k >= 0; k--) from = from * shape[k]! + index[k]!;
    out.set(bytes.subarray(from * size, (from + 1) * size), i * size);
    for (let k = shape.length - 1; k >= 0 && ++index[k]! === shape[k]; k--) index[k] = 0;
  }
  return { dtype, shape, bytes: out };
}
