import { expect } from 'chai';
import { describeRefusal, ReferenceFollower, ReferencePhase, Refusal } from '../../src/control/reference.js';
import { createJointSample, createJointTrajectory, type JointTrajectory } from '../../src/control/trajectory.js';
import { TrajectoryBuffer } from '../../src/control/trajectory-buffer.js';

const POINTS = 20;

/** 20 points × 10 ms from `start` on q(t) = q₀ + speed·(t − start). */
function ramp(start: number, from: number, speed: number): JointTrajectory {
  const trajectory = createJointTrajectory(1, POINTS);
  trajectory.count = POINTS;
  trajectory.stamp = start;
  for (let k = 0; k < POINTS; k++) {
    trajectory.time[k] = start + k * 0.01;
    trajectory.position[k] = from + speed * k * 0.01;
    trajectory.velocity[k] = speed;
    trajectory.effort[k] = 2;
  }
  return trajectory;
}

describe('ReferenceFollower', () => {
  let buffer: TrajectoryBuffer;
  let follower: ReferenceFollower;
  const command = createJointSample(1);
  const out = createJointSample(1);

  beforeEach(() => {
    buffer = TrajectoryBuffer.allocate(1);
    follower = new ReferenceFollower(buffer, Float64Array.of(3));
    command.position.fill(0);
    command.velocity.fill(0);
  });

  /** A first trajectory, at rest where the command is: what follows may move. */
  function begin(): void {
    expect(send(ramp(0.99, command.position[0], 0), 0.99)).to.equal(Refusal.none);
  }

  function send(trajectory: JointTrajectory, time: number): Refusal {
    buffer.write(trajectory);
    return follower.poll(time, command);
  }

  it('has no reference until one comes', () => {
    expect(follower.phase).to.equal(ReferencePhase.none);
    expect(follower.lost(100)).to.equal(false);
    begin();
    expect(send(ramp(1, 0, 1), 1.005)).to.equal(Refusal.none);
    expect(follower.phase).to.equal(ReferencePhase.fresh);
    expect([follower.stamp, follower.taken]).to.deep.equal([1, 2]);
    follower.sample(1.033, out);
    expect(out.position[0]).to.be.closeTo(0.033, 1e-12);
    expect(out.velocity[0]).to.be.closeTo(1, 1e-9);
    expect(out.effort[0]).to.equal(2);
  });

  it('goes from the present command to a trajectory that starts later', () => {
    command.position.fill(-0.01);
    begin();
    command.velocity.fill(1);
    send(ramp(1.01, 0, 1), 1);
    follower.sample(1, out);
    expect(out.position[0]).to.be.closeTo(-0.01, 1e-12);
    follower.sample(1.005, out);
    expect(out.position[0]).to.be.closeTo(-0.005, 1e-12);
    expect(out.velocity[0]).to.be.closeTo(1, 1e-9);
  });

  it('slows down along the path and rests on its last point when the planner falls silent', () => {
    begin();
    send(ramp(1, 0, 1), 1);
    let before = -1;
    for (let t = 1; t < 1.5; t += 0.001) {
      follower.sample(t, out);
      expect(out.position[0]).to.be.at.least(before);
      expect(out.velocity[0]).to.be.within(0, 1 + 1e-9);
      if (before >= 0) expect((out.position[0] - before) / 0.001).to.be.closeTo(out.velocity[0], 0.01);
      before = out.position[0];
      if (t < 1.05) expect(follower.phase).to.equal(ReferencePhase.fresh);
      else if (t > 1.052 && t < 1.3) expect(follower.phase).to.equal(ReferencePhase.degraded);
      else if (t > 1.34) expect(follower.phase).to.equal(ReferencePhase.exhausted);
    }
    expect(out.position[0]).to.be.closeTo(0.19, 1e-9);
    expect(out.velocity[0]).to.equal(0);
  });

  it('counts as lost after the timeout, and not before a long trajectory has ended', () => {
    send(ramp(1, 0, 0), 1);
    expect(follower.lost(1.2)).to.equal(false);
    expect(follower.lost(1.26)).to.equal(true);
    send(ramp(1.5, 0, 0), 1.25);
    expect(follower.lost(1.6)).to.equal(false);
    expect(follower.lost(1.75)).to.equal(true);
    follower.clear();
    expect(follower.lost(9)).to.equal(false);
  });

  it('takes only what rests where the command is, at the start and after it was told to forget', () => {
    for (const forget of [() => {}, () => follower.clear()]) {
      forget();
      for (const [from, speed] of [
        [0.5, 0],
        [0, 0.5],
      ]) {
        expect(send(ramp(1, from, speed), 1)).to.equal(Refusal.moving);
        expect([follower.refusalJoint, follower.phase]).to.deep.equal([0, ReferencePhase.none]);
      }
      expect(describeRefusal(follower.refusal)).to.contain('must start at rest from the commanded posture');
      begin();
      expect(send(ramp(1, 0.5, 0.5), 1)).to.equal(Refusal.none);
    }
  });

  it('goes over gently to a first trajectory that starts a little off the command', () => {
    command.position.fill(0.2);
    expect(send(ramp(1.01, 0.29, 0), 1)).to.equal(Refusal.none);
    let before = 0.2;
    for (let k = 0; k <= 600; k++) {
      const time = 1 + 0.001 * k;
      if (k > 0 && k % 10 === 0) expect(send(ramp(time, 0.29, 0), time)).to.equal(Refusal.none);
      follower.sample(time, out);
      command.position[0] = out.position[0];
      expect(out.velocity[0]).to.be.within(0, 0.34);
      expect((out.position[0] - before) / 0.001).to.be.closeTo(out.velocity[0], 0.01);
      before = out.position[0];
    }
    expect(out.position[0]).to.equal(0.29);
    expect(out.velocity[0]).to.equal(0);
  });

  it('refuses a jump it cannot bridge, names the joint, and goes on with what it has', () => {
    send(ramp(1, 0, 0.1), 1);
    expect(send(ramp(1.01, 1.5, 0.1), 1.01)).to.equal(Refusal.jump);
    expect([follower.refused, follower.refusalJoint, follower.refusal]).to.deep.equal([1, 0, Refusal.jump]);
    expect(describeRefusal(follower.refusal, 'left_elbow_joint')).to.contain('left_elbow_joint: it starts too far');
    follower.sample(1.02, out);
    expect(out.position[0]).to.be.closeTo(0.002, 1e-9);
    expect(send(ramp(1.02, 0.5, 0.1), 1.02)).to.equal(Refusal.none);
  });

  it('refuses what is not finite, out of order, outdated or far ahead', () => {
    for (const key of ['time', 'position', 'velocity', 'effort'] as const) {
      for (const value of [Number.NaN, Infinity]) {
        const bad = ramp(1, 0, 0);
        bad[key][7] = value;
        expect(send(bad, 1)).to.equal(Refusal.invalid);
      }
    }
    const disorder = ramp(1, 0, 0);
    disorder.time[3] = disorder.time[2];
    expect(send(disorder, 1)).to.equal(Refusal.invalid);
    expect(send(ramp(1, 0, 0), 2)).to.equal(Refusal.outdated);
    expect(send(ramp(5, 0, 0), 2)).to.equal(Refusal.early);
    expect(follower.phase).to.equal(ReferencePhase.none);
  });

  it('drops what came while it was told to discard', () => {
    buffer.write(ramp(1, 0, 0));
    follower.discard();
    expect(follower.poll(1, command)).to.equal(Refusal.none);
    expect(follower.phase).to.equal(ReferencePhase.none);
  });
});
