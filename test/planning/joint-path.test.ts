import { expect } from 'chai';
import { JointPath } from '../../src/planning/joint-path.js';

/** Sampled derivatives must be those of the sampled positions. */
const epsilon = 1e-5;

describe('JointPath', () => {
  const sample = (path: JointPath, time: number) => {
    const out = [new Float64Array(2), new Float64Array(2), new Float64Array(2)] as const;
    path.sample(time, ...out);
    return out.map((values) => Array.from(values));
  };

  const positions = [
    [0, 1],
    [0.4, 0.8],
    [0.5, 1.2],
  ];
  const velocities = [
    [0, 0],
    [0.3, 0.1],
    [0, 0],
  ];
  const accelerations = [
    [0, 0],
    [-0.5, 0.2],
    [0, 0],
  ];
  const times = [2, 2.5, 3.5];

  it('is straight where only positions are given', () => {
    const path = new JointPath(times.map((time, k) => ({ time, position: positions[k] })));
    const [q, v, a] = sample(path, 2.25);
    expect([q[0], q[1], v[0], v[1], a[0]]).to.deep.equal([0.2, 0.9, 0.8, -0.3999999999999999, 0]);
  });

  for (const [order, withAcceleration] of [
    ['cubic', false],
    ['of fifth order', true],
  ] as const) {
    it(`is ${order} where ${withAcceleration ? 'accelerations' : 'velocities'} are given`, () => {
      const knots = times.map((time, k) => ({ time, position: positions[k], velocity: velocities[k] }));
      const path = new JointPath(
        withAcceleration ? knots.map((knot, k) => ({ ...knot, acceleration: accelerations[k] })) : knots,
      );
      for (let k = 0; k < 3; k++) {
        const near = k === 2 ? times[k] - 1e-12 : times[k];
        const [q, v, a] = sample(path, near);
        for (let j = 0; j < 2; j++) {
          expect(q[j]).to.be.closeTo(positions[k][j], 1e-9);
          expect(v[j]).to.be.closeTo(velocities[k][j], 1e-9);
          if (withAcceleration) expect(a[j]).to.be.closeTo(accelerations[k][j], 1e-8);
        }
      }
      for (let time = 2.01; time < 3.49; time += 0.013) {
        const [before, now, after] = [-epsilon, 0, epsilon].map((offset) => sample(path, time + offset));
        for (let j = 0; j < 2; j++) {
          expect(now[1][j]).to.be.closeTo((after[0][j] - before[0][j]) / (2 * epsilon), 1e-6);
          if (Math.abs(time - 2.5) < 2 * epsilon) continue;
          expect(now[2][j]).to.be.closeTo((after[1][j] - before[1][j]) / (2 * epsilon), 1e-6);
        }
      }
    });
  }

  it('rests before its start and after its end', () => {
    const path = new JointPath(times.map((time, k) => ({ time, position: positions[k] })));
    const rest = [0, 0];
    expect(sample(path, 0)).to.deep.equal([positions[0], rest, rest]);
    expect(sample(path, 9)).to.deep.equal([positions[2], rest, rest]);
    expect([path.start, path.end]).to.deep.equal([2, 3.5]);
  });

  it('writes positions into the columns of its joints', () => {
    const path = new JointPath(times.map((time, k) => ({ time, position: positions[k] })));
    const out = new Float64Array(4).fill(7);
    path.positions(2.25, Int32Array.of(3, 1), out);
    expect(Array.from(out)).to.deep.equal([7, 0.9, 7, 0.2]);
  });

  it('is found whatever the order of the times', () => {
    const path = new JointPath(times.map((time, k) => ({ time, position: positions[k] })));
    for (const time of [3.4, 2.1, 3, 2.5, 2.4, 9, 0]) {
      const fresh = new JointPath(times.map((t, k) => ({ time: t, position: positions[k] })));
      expect(sample(path, time)).to.deep.equal(sample(fresh, time));
    }
  });
});
