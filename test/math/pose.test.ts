import { expect } from 'chai';
import {
  interpolatePose,
  multiplyQuaternions,
  quaternionFromRotationVector,
  rotationBetween,
  transformFromPose,
} from '../../src/math/pose.js';
import { Random } from '../../src/math/random.js';

const random = new Random(1);

function randomQuaternion(): Float64Array {
  const q = Float64Array.from({ length: 4 }, () => random.normal());
  const length = Math.hypot(...q);
  return q.map((value) => value / length);
}

function randomPose(): Float64Array {
  return Float64Array.of(random.normal(), random.normal(), random.normal(), ...randomQuaternion());
}

/** Rotation of `point` about `vector` by its length (Rodrigues). */
function rotate(vector: readonly number[], point: readonly number[]): number[] {
  const angle = Math.hypot(...vector);
  const axis = vector.map((value) => value / (angle || 1));
  const [x, y, z] = axis;
  const cross = [y * point[2] - z * point[1], z * point[0] - x * point[2], x * point[1] - y * point[0]];
  const dot = x * point[0] + y * point[1] + z * point[2];
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return point.map((value, i) => value * cosine + cross[i] * sine + axis[i] * dot * (1 - cosine));
}

function quaternion(vector: readonly number[]): Float64Array {
  const out = new Float64Array(4);
  quaternionFromRotationVector(Float64Array.from(vector), 0, out, 0);
  return out;
}

/** `q` turns `point`. */
function turn(q: Float64Array, point: readonly number[]): number[] {
  const transform = new Float64Array(12);
  transformFromPose(Float64Array.of(0, 0, 0, ...q), transform);
  return [0, 4, 8].map(
    (row) => transform[row] * point[0] + transform[row + 1] * point[1] + transform[row + 2] * point[2],
  );
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-12): void {
  expect(actual.length).to.equal(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i], `number ${i}`).to.be.closeTo(expected[i], tolerance);
}

/** Rotation vectors from tiny to just below π. */
const vectors = [0, 1e-300, 1e-12, 1e-9, 1e-6, 0.1, 1, 3, Math.PI - 1e-6, Math.PI - 1e-9, Math.PI].map((angle) => {
  const axis = randomQuaternion().slice(0, 3);
  const length = Math.hypot(...axis);
  return [...axis].map((value) => (value * angle) / length);
});

describe('poses', () => {
  it('rotate as Rodrigues says', () => {
    const point = [0.3, -0.5, 0.8];
    for (const vector of vectors) expectClose(turn(quaternion(vector), point), rotate(vector, point));
  });

  it('multiply: the right one turns first', () => {
    const point = [0.3, -0.5, 0.8];
    const [a, b, c] = [randomQuaternion(), randomQuaternion(), new Float64Array(4)];
    multiplyQuaternions(a, 0, b, 0, c, 0);
    expectClose(turn(c, point), turn(a, turn(b, point)));
    expect(Math.hypot(...c)).to.be.closeTo(1, 1e-12);
    for (const which of [a, b]) {
      const [x, y] = [a.slice(), b.slice()];
      const out = which === a ? x : y;
      multiplyQuaternions(x, 0, y, 0, out, 0);
      expect(out).to.deep.equal(c);
    }
  });

  it('give back the rotation vector, near 0 and near π', () => {
    const out = new Float64Array(3);
    for (const vector of vectors) {
      const from = randomQuaternion();
      const to = new Float64Array(4);
      multiplyQuaternions(quaternion(vector), 0, from, 0, to, 0);
      for (const sign of [1, -1]) {
        rotationBetween(
          from,
          0,
          to.map((value) => sign * value),
          0,
          out,
          0,
        );
        const angle = Math.hypot(...vector);
        // At π both senses lead there.
        const sense = angle > Math.PI - 1e-8 && out[0] * vector[0] < 0 ? -1 : 1;
        expectClose(
          out.map((value) => sense * value),
          vector,
          1e-8,
        );
        expect(Math.hypot(...out)).to.be.at.most(Math.PI + 1e-12);
      }
    }
  });

  it('give the shorter way round', () => {
    const out = new Float64Array(3);
    rotationBetween(quaternion([0, 0, 0]), 0, quaternion([0, 0, 4]), 0, out, 0);
    expectClose(out, [0, 0, 4 - 2 * Math.PI]);
  });

  it('interpolate from end to end along the geodesic, also in place', () => {
    const [a, b] = [randomPose(), randomPose()];
    const [out, whole, part] = [new Float64Array(7), new Float64Array(3), new Float64Array(3)];
    rotationBetween(a, 3, b, 3, whole, 0);
    for (const s of [0, 0.25, 0.5, 1, 1.5]) {
      interpolatePose(a, 0, b, 0, s, out, 0);
      expectClose(
        out.slice(0, 3),
        [0, 1, 2].map((i) => a[i] + s * (b[i] - a[i])),
      );
      expect(Math.hypot(...out.slice(3))).to.be.closeTo(1, 1e-12);
      if (s <= 1) {
        rotationBetween(a, 3, out, 3, part, 0);
        expectClose(
          part,
          whole.map((value) => s * value),
        );
      }
      const [x, y] = [a.slice(), b.slice()];
      interpolatePose(x, 0, y, 0, s, x, 0);
      expect(x).to.deep.equal(out);
      interpolatePose(a, 0, y, 0, s, y, 0);
      expect(y).to.deep.equal(out);
    }
  });

  it('work at offsets and leave the rest alone', () => {
    const sequence = Float64Array.of(...randomPose(), ...randomPose(), ...randomPose());
    const [first, second, third] = [0, 7, 14].map((at) => sequence.slice(at, at + 7));
    const expected = new Float64Array(7);
    interpolatePose(first, 0, third, 0, 0.3, expected, 0);
    interpolatePose(sequence, 0, sequence, 14, 0.3, sequence, 7);
    expect(sequence.slice(0, 7)).to.deep.equal(first);
    expect(sequence.slice(7, 14)).to.deep.equal(expected).and.to.not.deep.equal(second);
    expect(sequence.slice(14)).to.deep.equal(third);
  });

  it('become transforms', () => {
    const pose = randomPose();
    const transform = new Float64Array(12);
    transformFromPose(pose, transform);
    for (const column of [0, 1, 2]) {
      const axis = [0, 1, 2].map((i) => (i === column ? 1 : 0));
      const image = [0, 4, 8].map((row) => transform[row + column]);
      expect(Math.hypot(...image)).to.be.closeTo(1, 1e-12);
      expectClose(image, turn(pose.slice(3), axis));
    }
    expectClose([transform[3], transform[7], transform[11]], pose.slice(0, 3));
  });
});
