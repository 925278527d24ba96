import { expect } from 'chai';
import type { ActionChunk } from '../../src/action/action-chunk.js';
import { ActionNormalisation, decodeActions, encodeActions, reanchorActions } from '../../src/action/action-space.js';
import { quaternionFromRotationVector } from '../../src/math/pose.js';
import { Random } from '../../src/math/random.js';

function pose(random: Random): number[] {
  const q = new Float64Array(4);
  quaternionFromRotationVector(Float64Array.of(random.normal(), random.normal(), random.normal()), 0, q, 0);
  return [random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1), ...q];
}

function chunk(random: Random, horizon = 10): ActionChunk {
  return {
    stamp: 12.5,
    dt: 0.1,
    arm: 'right',
    anchor: Float64Array.from(pose(random)),
    poses: Float64Array.from(Array.from({ length: horizon }, () => pose(random)).flat()),
    gripper: Float64Array.from({ length: horizon }, () => random.uniform()),
  };
}

describe('action space', () => {
  it('decodes what it encodes', () => {
    const random = new Random(1);
    for (let run = 0; run < 50; run++) {
      const before = chunk(random);
      const after = decodeActions(encodeActions(before), before);
      for (let k = 0; k < 10; k++) {
        for (let i = 0; i < 3; i++) expect(after.poses[k * 7 + i]).to.be.closeTo(before.poses[k * 7 + i]!, 1e-12);
        let cosine = 0;
        for (let i = 3; i < 7; i++) cosine += after.poses[k * 7 + i]! * before.poses[k * 7 + i]!;
        expect(Math.abs(cosine)).to.be.closeTo(1, 1e-12);
        expect(after.gripper[k]).to.equal(before.gripper[k]);
      }
      expect(after.stamp).to.equal(12.5);
      expect([...after.anchor]).to.deep.equal([...before.anchor]);
    }
  });

  it('encodes what it decodes, also next to no turn and half a turn', () => {
    const random = new Random(2);
    const { anchor } = chunk(random);
    for (const angle of [0, 1e-14, 1e-9, 1e-4, 1, Math.PI - 1e-6, Math.PI - 1e-10]) {
      const axis = [random.normal(), random.normal(), random.normal()];
      const length = Math.hypot(...axis);
      const actions = [0.01, -0.02, 0.03, ...axis.map((a) => (a / length) * angle), 0.5];
      const again = encodeActions(decodeActions(actions, { stamp: 0, dt: 0.1, arm: 'left', anchor }));
      for (let i = 0; i < 7; i++) expect(again[i], `angle ${angle}`).to.be.closeTo(actions[i]!, 1e-9);
    }
  });

  it('measures along the axes of base_link', () => {
    // The anchor is turned a quarter about z; a waypoint 1 cm ahead of it in base_link, turned 0.2 rad about base x.
    const anchor = Float64Array.from([1, 2, 3, 0, 0, Math.SQRT1_2, Math.SQRT1_2]);
    const decoded = decodeActions([0.01, 0, 0, 0.2, 0, 0, 2], { stamp: 0, dt: 0.1, arm: 'right', anchor });
    expect([...decoded.poses.subarray(0, 3)]).to.deep.equal([1.01, 2, 3]);
    const [s, c] = [Math.sin(0.1) * Math.SQRT1_2, Math.cos(0.1) * Math.SQRT1_2];
    for (const [i, value] of [s, -s, c, c].entries()) expect(decoded.poses[3 + i]).to.be.closeTo(value, 1e-12);
    expect(decoded.gripper[0]).to.equal(1);
  });

  it('expresses what is left of a chunk from a later moment', () => {
    const random = new Random(6);
    const old = chunk(random);
    const now = Float64Array.from(pose(random));
    // Three steps later, the first waypoint is the old fourth; seven are left.
    const rest = reanchorActions(old, old.stamp + 3 * old.dt, now);
    expect(rest.length).to.equal(7 * 7);
    const decoded = decodeActions(rest, { stamp: 0, dt: 0.1, arm: 'right', anchor: now });
    for (let i = 0; i < 3; i++) expect(decoded.poses[i]).to.be.closeTo(old.poses[3 * 7 + i]!, 1e-6);
    expect(decoded.gripper[6]).to.be.closeTo(old.gripper[9]!, 1e-6);
    // Half a step later it is half way between the old fourth and fifth.
    const between = reanchorActions(old, old.stamp + 3.5 * old.dt, now);
    expect(between.length).to.equal(6 * 7);
    for (let i = 0; i < 3; i++) {
      expect(between[i]! + now[i]!).to.be.closeTo((old.poses[3 * 7 + i]! + old.poses[4 * 7 + i]!) / 2, 1e-6);
    }
    expect(reanchorActions(old, old.stamp + 2, now).length).to.equal(0);
    expect(reanchorActions(old, old.stamp - 5, now).length).to.equal(0);
  });

  it('refuses wrong lengths, values that are not finite and quaternions that are none', () => {
    const random = new Random(3);
    const good = chunk(random, 2);
    expect(() => decodeActions(new Float64Array(13), good)).to.throw(/13 values; expected a multiple of 7/);
    expect(() => decodeActions([], good)).to.throw(/0 values/);
    const bad = encodeActions(good);
    bad[8] = Number.NaN;
    expect(() => decodeActions(bad, good)).to.throw(/value 1 of waypoint 1 is NaN/);
    expect(() => encodeActions({ ...good, gripper: new Float64Array(3) })).to.throw(/expected 21 and 7/);
    expect(() => encodeActions({ ...good, anchor: new Float64Array(7) })).to.throw(/quaternion of the anchor/);
  });

  it('normalises and denormalises several chunks in a row', () => {
    const normalisation = new ActionNormalisation([1, 2], [0.5, 4]);
    expect([...normalisation.normalise([2, 2, 1, 6])]).to.deep.equal([2, 0, 0, 1]);
    expect([...normalisation.denormalise([2, 0, 0, 1])]).to.deep.equal([2, 2, 1, 6]);
    expect(() => normalisation.normalise([1])).to.throw(/multiple of 2/);
    expect(() => new ActionNormalisation([1], [0])).to.throw(/must be above 0/);
    expect(() => new ActionNormalisation([1, 2], [1])).to.throw(/2 means but 1/);
  });
});
