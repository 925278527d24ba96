import { expect } from 'chai';
import { type ActionChunk, sampleChunk } from '../../src/action/action-chunk.js';
import { ActionDecoder, defaultActionDecoder } from '../../src/action/action-decoder.js';
import { rotationBetween } from '../../src/math/pose.js';
import { InverseKinematics } from '../../src/planning/inverse-kinematics.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { robot } from '../robot/robot-fixture.js';

const work = robot.posture('table_work');

describe('ActionDecoder', () => {
  let kinematics: Kinematics;
  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics.delete());

  /** One that decodes what is not late. */
  const decoderWith = (options: Partial<typeof defaultActionDecoder> = {}) => {
    const decoder = new ActionDecoder(robot, kinematics, work, { ...defaultActionDecoder, ...options });
    return {
      decode: (...args: Parameters<ActionDecoder['decode']>) => decoder.decode(...args)!,
      reset: () => decoder.reset(),
      observeSpeed: (time: number, scale: number) => decoder.observeSpeed(time, scale),
      get slowed() {
        return decoder.slowed;
      },
      get running() {
        return decoder.running('right');
      },
    };
  };

  const anchorPose = () => {
    const pose = new Float64Array(7);
    kinematics.setPositions(work);
    kinematics.pose(kinematics.frame('r_gripper'), pose);
    return pose;
  };

  /** Positions of the waypoints relative to the work posture, m. */
  const chunkOf = (offset: (k: number) => readonly number[], options: Partial<ActionChunk> = {}): ActionChunk => {
    const anchor = anchorPose();
    const poses = new Float64Array(70);
    for (let k = 0; k < 10; k++) {
      poses.set(anchor, 7 * k);
      offset(k).forEach((value, i) => {
        poses[7 * k + i] += value;
      });
    }
    return { stamp: 0, dt: 0.1, arm: 'right', anchor, poses, gripper: new Float64Array(10), ...options };
  };
  const line = (x: number, y: number, z: number) => (k: number) => [x, y, z].map((v) => (v * (k + 1)) / 10);

  /** Pose at the time of the prediction's waypoint k. */
  const poseAt = (chunk: ActionChunk, k: number) => {
    const pose = new Float64Array(7);
    const gripper = sampleChunk(chunk, chunk.stamp + 0.1 * (k + 1), pose);
    return { pose, gripper };
  };
  const positions = (chunk: ActionChunk, k: number) => [...poseAt(chunk, k).pose.slice(0, 3)];

  /** Norm of the arm's joint velocity between waypoints, found with inverse kinematics of our own, rad/s. */
  const velocities = (chunk: ActionChunk) => {
    const solver = new InverseKinematics(robot, kinematics, 'r_gripper', robot.group('right_arm'), work);
    const q = work.slice();
    return Array.from(chunk.gripper, (_, k) => {
      const before = q.slice();
      for (let i = 0; i < 4; i++) solver.step(q, chunk.poses, 7 * k);
      return Math.hypot(...[...solver.joints].map((joint) => q[joint] - before[joint])) / chunk.dt;
    });
  };

  it('lets a slow straight line pass', () => {
    const decoder = decoderWith();
    const chunk = chunkOf(line(0.02, 0.04, 0.08));
    const decoded = decoder.decode(chunk, work, 0);
    // From rest it takes its time to be there.
    for (let k = 5; k < 10; k++) {
      positions(decoded, k).forEach((value, i) => {
        expect(value).to.be.closeTo(chunk.poses[7 * k + i], 1e-3);
      });
      const turn = new Float64Array(3);
      rotationBetween(chunk.poses, 7 * k + 3, poseAt(decoded, k).pose, 3, turn, 0);
      expect(Math.hypot(...turn)).to.be.below(0.01);
    }
    expect(decoder.slowed).to.equal(0);
    expect(decoder.running).to.equal(decoded);
  });

  it('keeps what it was given, and the first point', () => {
    const chunk = chunkOf(line(0.02, 0.04, 0.08), { gripper: new Float64Array(10).fill(0.3) });
    const copy = structuredClone(chunk);
    const decoded = decoderWith().decode(chunk, work, 0);
    expect(chunk).to.deep.equal(copy);
    expect(decoded.anchor).to.deep.equal(copy.anchor);
    expect([...decoded.gripper]).to.deep.equal(Array.from({ length: 40 }, () => 0.3));
    const pose = new Float64Array(7);
    sampleChunk(decoded, 0, pose);
    for (let i = 0; i < 7; i++) expect(pose[i]).to.be.closeTo(copy.anchor[i], 1e-12);
  });

  it('goes on from where the arm is while it is slowed down', () => {
    const decoder = decoderWith();
    const first = decoder.decode(chunkOf(line(0, 0, 0.1)), work, 0);
    // It stands from 0.4 s on, and is to go on from there.
    decoder.observeSpeed(0.4, 0);
    const here = new Float64Array(7);
    sampleChunk(first, 0.4, here);
    const next = chunkOf(line(0, 0, 0.06), { stamp: 0.8 });
    const risen = here[2]! - next.anchor[2]!;
    next.anchor[2]! += risen;
    for (let k = 0; k < 10; k++) next.poses[7 * k + 2]! += risen;
    const second = decoder.decode(next, work, 1);
    for (let i = 0; i < 3; i++) expect(second.anchor[i]).to.be.closeTo(here[i]!, 1e-3);
    // Later than it ends, but it has not been carried out yet.
    expect(decoder.decode({ ...next, stamp: 1.2 }, work, 2.5)).not.to.equal(undefined);
  });

  it('smooths waypoints that zigzag, not the ends', () => {
    const zigzag = chunkOf((k) => [0, 0, k % 2 === 0 ? 0.02 : 0]);
    const smooth = decoderWith().decode(zigzag, work, 0);
    const rough = decoderWith({ smoothing: 0 }).decode(zigzag, work, 0);
    const roughness = (chunk: ActionChunk) => {
      let sum = 0;
      for (let k = 5; k < 9; k++) sum += Math.abs(positions(chunk, k)[2] - positions(chunk, k - 1)[2]);
      return sum;
    };
    expect(roughness(smooth)).to.be.below(0.3 * roughness(rough));
    expect(positions(smooth, 9)[2]).to.be.closeTo(zigzag.poses[65], 2e-3);
    expect(positions(rough, 6)[2]).to.be.closeTo(zigzag.poses[7 * 6 + 2], 2e-3);
  });

  it('limits the norm of the joint velocity, over dt', () => {
    for (const velocityLimit of [0.2, 0.4]) {
      const decoder = decoderWith({ velocityLimit });
      const decoded = decoder.decode(chunkOf(line(0.05, 0.2, 0.2)), work, 0);
      expect(decoder.slowed).to.be.above(3);
      const found = velocities(decoded);
      for (const velocity of found) expect(velocity).to.be.at.most(1.05 * velocityLimit);
      expect(Math.max(...found)).to.be.above(0.95 * velocityLimit);
    }
  });

  it('stays in the workspace, and within the joint limits', () => {
    const { workspace } = defaultActionDecoder;
    for (const [x, y, z] of [
      [2, 0, 0],
      [-2, 0, 0],
      [0, 2, 0],
      [0, -2, 0],
      [0, 0, 2],
      [0, 0, -2],
    ] as const) {
      const decoded = decoderWith().decode(chunkOf(line(x, y, z)), work, 0);
      for (let k = 0; k < 10; k++) {
        positions(decoded, k).forEach((value, i) => {
          expect(value).to.be.within(workspace[i][0] - 0.02, workspace[i][1] + 0.02);
        });
        expect(Math.hypot(...poseAt(decoded, k).pose.slice(3))).to.be.closeTo(1, 1e-9);
      }
    }
  });

  it('keeps the gripper scalar between 0 and 1', () => {
    const gripper = Float64Array.of(-1, -0.1, 0, 0.2, 0.4, 0.6, 0.8, 1, 1.1, 7);
    const decoded = decoderWith().decode(chunkOf(line(0, 0, 0), { gripper }), work, 0);
    const wanted = [0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1];
    wanted.forEach((value, k) => {
      expect(poseAt(decoded, k).gripper).to.be.closeTo(value, 1e-9);
    });
    for (const value of decoded.gripper) expect(value).to.be.within(0, 1);
  });

  it('fades from the running chunk to the next one by time', () => {
    const decoder = decoderWith();
    const first = decoder.decode(chunkOf(line(0, 0, 0.1)), work, 0);
    const closed = { stamp: 0.2, gripper: new Float64Array(10).fill(1) };
    const next = chunkOf(line(0, 0.02, 0.1), closed);
    const second = decoder.decode(next, work, 0.3);
    const old = new Float64Array(7);
    // Until 0.3 s, when the new chunk takes over, nothing changes.
    for (const time of [0.225, 0.25, 0.275, 0.3]) {
      sampleChunk(first, time, old);
      const k = Math.round((time - 0.2) / second.dt) - 1;
      for (let i = 0; i < 7; i++) expect(second.poses[7 * k + i]).to.be.closeTo(old[i], 1e-3);
      expect(second.gripper[k]).to.be.closeTo(0, 1e-9);
    }
    for (let k = 1; k < 40; k++) expect(second.gripper[k]).to.be.at.least(second.gripper[k - 1]);
    expect(second.gripper[39]).to.equal(1);
    const last = positions(second, 9);
    for (let i = 0; i < 3; i++) expect(last[i]).to.be.closeTo(next.poses[63 + i], 1e-3);
    sampleChunk(first, 0.2, old);
    expect([...second.anchor]).to.deep.equal([...old]);
  });

  it('fades sooner where the hand may be accelerated more', () => {
    const gripper = new Float64Array(10).fill(1);
    const closedAt = [0.5, 3].map((blendAcceleration) => {
      const decoder = decoderWith({ blendTime: 0.1, blendAcceleration });
      decoder.decode(chunkOf(line(0, 0, 0.1)), work, 0);
      const next = decoder.decode(chunkOf(line(0, 0.1, 0.1), { stamp: 0.2, gripper }), work, 0.3)!;
      return next.dt * next.gripper.findIndex((value) => value > 0.99);
    });
    expect(closedAt[1]).to.be.within(0.1, closedAt[0]! - 0.1);
  });

  it('does not fade from a chunk that has ended, is forgotten or moved the other arm', () => {
    const chunk = chunkOf(line(0, 0.1, 0), { stamp: 5 });
    const alone = decoderWith().decode(chunk, work, 5);
    const late = decoderWith();
    late.decode(chunkOf(line(0, 0, 0.1)), work, 0);
    expect(late.decode(chunk, work, 5)).to.deep.equal(alone);
    const forgetful = decoderWith();
    forgetful.decode(chunkOf(line(0, 0, 0.1), { stamp: 4.9 }), work, 4.9);
    forgetful.reset();
    expect(forgetful.running).to.equal(undefined);
    expect(forgetful.decode(chunk, work, 5)).to.deep.equal(alone);
    const other = decoderWith();
    other.decode({ ...chunkOf(line(0, 0, 0), { stamp: 4.9 }), arm: 'left' }, work, 4.9);
    expect(other.decode(chunk, work, 5)).to.deep.equal(alone);
  });

  it('refuses what is not finite, too short or too slow, and keeps the running chunk', () => {
    const decoder = decoderWith();
    const running = decoder.decode(chunkOf(line(0, 0, 0.1)), work, 0);
    const good = chunkOf(line(0, 0.1, 0), { stamp: 0.1 });
    const bad: [ActionChunk, Float64Array, string][] = [
      [{ ...good, poses: good.poses.with(3, Number.NaN) }, work, 'number 10 of anchor, poses, gripper is not finite'],
      [{ ...good, poses: good.poses.slice(7) }, work, '63 pose numbers for 10 waypoints; expected 70'],
      [{ ...good, gripper: new Float64Array(1) }, work, '1 waypoints; at least 2 are needed'],
      [{ ...good, dt: 1.5 }, work, 'dt is 1.5 s, needs 0.001 to 1 s'],
      [{ ...good, dt: Number.POSITIVE_INFINITY }, work, 'dt is Infinity s'],
      [good, work.slice(1), '74 commanded joint positions; the robot has 75 joints'],
      [good, work.with(9, Number.NaN), 'commanded position 9 is NaN; it must be finite'],
    ];
    for (const [chunk, positions, message] of bad) {
      expect(() => decoder.decode(chunk, positions, 0.1)).to.throw(message);
      expect(decoder.running).to.equal(running);
    }
  });

  it('decodes the same chunk to the same bits', () => {
    const decode = () => decoderWith().decode(chunkOf(line(0.1, 0.2, 0.3)), work, 0);
    expect(decode()).to.deep.equal(decode());
  });
});
