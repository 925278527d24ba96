import { expect } from 'chai';
import { quat } from 'gl-matrix';
import { ROTATION_SIZES, readRotation, writeRotation } from '../../../src/cosmos/served/rotation-form.js';
import { Random } from '../../../src/math/random.js';

const forms = Object.keys(ROTATION_SIZES) as (keyof typeof ROTATION_SIZES)[];

describe('rotation forms', () => {
  it('read what they wrote', () => {
    const random = new Random(4);
    for (let i = 0; i < 50; i++) {
      const q = quat.fromValues(random.normal(), random.normal(), random.normal(), random.normal());
      quat.normalize(q, q);
      for (const form of forms) {
        const numbers = writeRotation(q, form);
        expect(numbers, form).to.have.length(ROTATION_SIZES[form]);
        expect(Math.abs(quat.dot(readRotation(numbers, 0, form), q)), form).to.be.closeTo(1, 1e-5);
      }
    }
  });

  it('have the conventions that their names say', () => {
    const half = Math.SQRT1_2;
    const quarterAboutZ = quat.fromValues(0, 0, half, half);
    const close = (actual: number[], expected: number[]) => {
      for (const [i, value] of expected.entries()) expect(actual[i]).to.be.closeTo(value, 1e-6);
    };
    // R = [[0, −1, 0], [1, 0, 0], [0, 0, 1]]
    close(writeRotation(quarterAboutZ, 'rot6d_columns'), [0, 1, 0, -1, 0, 0]);
    close(writeRotation(quarterAboutZ, 'rot6d_rows'), [0, -1, 0, 1, 0, 0]);
    close(writeRotation(quarterAboutZ, 'quaternion_wxyz'), [half, 0, 0, half]);
    close(writeRotation(quarterAboutZ, 'rotation_vector'), [0, 0, Math.PI / 2]);
    close(writeRotation(quarterAboutZ, 'rpy'), [0, 0, Math.PI / 2]);
  });

  it('makes a rotation of two axes that are neither perpendicular nor of length 1', () => {
    const q = readRotation([2, 0, 0, 0.5, 3, 0], 0, 'rot6d_columns');
    expect(Math.abs(q[3])).to.be.closeTo(1, 1e-6);
  });

  it('refuses what is no rotation', () => {
    expect(() => readRotation([0, 0, 0, 0], 0, 'quaternion_xyzw')).to.throw(/no rotation of the form quaternion_xyzw/);
    expect(() => readRotation([1, 0, 0, 1, 0, 0], 0, 'rot6d_rows')).to.throw(/no rotation/);
  });
});
