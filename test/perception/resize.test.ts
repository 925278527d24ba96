import { expect } from 'chai';
import { resizeWithPadding } from '../../src/perception/resize.js';

const gray = (values: number[]) => Uint8Array.from(values.flatMap((value) => [value, value, value]));
const grayOf = (color: Uint8Array) => [...color].filter((_, i) => i % 3 === 0);

describe('resizeWithPadding', () => {
  const resize = (values: number[], width: number, outWidth: number, outHeight: number) => {
    const out = new Uint8Array(3 * outWidth * outHeight);
    resizeWithPadding(gray(values), width, values.length / width, out, outWidth, outHeight);
    return grayOf(out);
  };

  it('leaves an image of the right size as it is', () => {
    expect(resize([1, 2, 3, 4, 5, 6], 3, 3, 2)).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });

  it('interpolates between pixel centres and repeats the border', () => {
    expect(resize([0, 100], 2, 4, 2)).to.deep.equal([0, 25, 75, 100, 0, 25, 75, 100]);
  });

  it('keeps the shape and pads with black', () => {
    expect(resize([9, 9, 9, 9], 2, 4, 2)).to.deep.equal([0, 9, 9, 0, 0, 9, 9, 0]);
    expect(resize([9, 9], 2, 2, 3)).to.deep.equal([0, 0, 9, 9, 0, 0]);
  });

  it('refuses buffers that do not fit', () => {
    expect(() => resizeWithPadding(new Uint8Array(5), 2, 1, new Uint8Array(12), 2, 2)).to.throw(/5 and 12 bytes/);
  });
});
