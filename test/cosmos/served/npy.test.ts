import { expect } from 'chai';
import { decodeNpy, encodeNpy } from '../../../src/cosmos/served/npy.js';
import { float32Array, numericArray, toFloat64 } from '../../../src/cosmos/served/numeric-array.js';

/** A file as NumPy writes it. */
function file(description: string, bytes: Uint8Array): Uint8Array {
  const header = `${description}\n`;
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Uint8Array.of(header.length & 255, header.length >> 8),
    Buffer.from(header),
    bytes,
  ]);
}

describe('npy', () => {
  it('writes a header that is aligned, and reads it back', () => {
    for (const shape of [[], [6], [2, 3], [1, 2, 3]]) {
      const count = shape.reduce((a, b) => a * b, 1);
      const array = float32Array(
        Array.from({ length: count }, (_, i) => i / 2),
        shape,
      );
      const bytes = encodeNpy(array);
      expect((bytes.length - array.bytes.length) % 64).to.equal(0);
      const read = decodeNpy(bytes);
      expect(read.shape).to.deep.equal(shape);
      expect(toFloat64(read)).to.deep.equal(toFloat64(array));
    }
  });

  it('turns Fortran’s order round', () => {
    // [[0, 1, 2], [3, 4, 5]] column by column.
    const bytes = new Uint8Array(Float64Array.of(0, 3, 1, 4, 2, 5).buffer);
    const array = decodeNpy(file("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }", bytes));
    expect([...toFloat64(array)]).to.deep.equal([0, 1, 2, 3, 4, 5]);
  });

  it('says what is wrong with a file', () => {
    const good = encodeNpy(numericArray('|u1', [4], Uint8Array.of(1, 2, 3, 4)));
    expect(() => decodeNpy(good.subarray(1))).to.throw(/not a .npy file/);
    expect(() => decodeNpy(good.subarray(0, 20))).to.throw(/cut off in its header/);
    expect(() => decodeNpy(good.subarray(0, -1))).to.throw(/has 3 bytes; expected 4/);
    const header = (descr: string) =>
      file(`{'descr': '${descr}', 'fortran_order': False, 'shape': (1,), }`, Uint8Array.of(0));
    expect(() => decodeNpy(header('|O'))).to.throw(/elements of type '\|O'; known are/);
  });
});
