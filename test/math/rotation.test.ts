import { expect } from 'chai';
import { multiplyQuaternions, quaternionFromRotationVector } from '../../src/math/pose.js';
import { Random } from '../../src/math/random.js';
import {
  matrixFromQuaternion,
  multiplyByTransposed,
  multiplyMatrices,
  quaternionFromMatrix,
  rotate,
  turnQuaternion,
} from '../../src/math/rotation.js';

describe('rotation', () => {
  const random = new Random(1);
  const quaternion = () => {
    const q = Float64Array.from({ length: 4 }, () => random.normal());
    const length = Math.hypot(...q);
    return q.map((value) => value / length);
  };
  const same = (a: Float64Array, b: Float64Array, tolerance = 1e-12) =>
    a.forEach((value, k) => {
      expect(value).to.be.closeTo(b[k], tolerance);
    });

  it('goes from quaternions to matrices and back, whichever component is the largest', () => {
    const [m, q] = [new Float64Array(9), new Float64Array(4)];
    const axes = [0, 1, 2, 3].map((k) => Float64Array.from({ length: 4 }, (_, i) => (i === k ? 1 : 0)));
    for (const given of [...axes, ...Array.from({ length: 50 }, quaternion)]) {
      matrixFromQuaternion(given, m);
      quaternionFromMatrix(m, q);
      const sign = given.reduce((sum, value, k) => sum + value * q[k], 0) < 0 ? -1 : 1;
      same(
        q.map((value) => sign * value),
        given,
      );
    }
  });

  it('multiplies like quaternions do', () => {
    const [a, b, c] = [quaternion(), quaternion(), new Float64Array(4)];
    const [ma, mb, mc, product] = [0, 0, 0, 0].map(() => new Float64Array(9));
    multiplyQuaternions(a, 0, b, 0, c, 0);
    matrixFromQuaternion(a, ma);
    matrixFromQuaternion(b, mb);
    matrixFromQuaternion(c, mc);
    multiplyMatrices(ma, mb, product);
    same(product, mc);
    multiplyByTransposed(mc, mb, product);
    same(product, ma);
    const v = Float64Array.of(1, 2, 3);
    rotate(ma, v, v);
    expect(Math.hypot(...v)).to.be.closeTo(Math.sqrt(14), 1e-12);
    expect(v[1]).to.be.closeTo(ma[3] + 2 * ma[4] + 3 * ma[5], 1e-12);
  });

  it('turns a quaternion about outer and inner axes', () => {
    for (const turn of [Float64Array.of(0.3, -0.2, 0.5), Float64Array.of(1e-12, 0, 0)]) {
      const [q, step, expected] = [quaternion(), new Float64Array(4), new Float64Array(4)];
      quaternionFromRotationVector(turn, 0, step, 0);
      const outer = q.slice();
      turnQuaternion(outer, turn[0], turn[1], turn[2], false);
      multiplyQuaternions(step, 0, q, 0, expected, 0);
      same(outer, expected);
      const inner = q.slice();
      turnQuaternion(inner, turn[0], turn[1], turn[2], true);
      multiplyQuaternions(q, 0, step, 0, expected, 0);
      same(inner, expected);
    }
  });
});
