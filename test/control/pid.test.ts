import { expect } from 'chai';
import { createJointCommand } from '../../src/control/hardware.js';
import { JointPid } from '../../src/control/pid.js';
import { createJointSample, type JointSample } from '../../src/control/trajectory.js';
import { makeParameters } from './joint-parameters-fixture.js';

const DT = 0.001;

function reference(position: number, velocity = 0, effort = 0): JointSample {
  const sample = createJointSample(1);
  sample.position[0] = position;
  sample.velocity[0] = velocity;
  sample.effort[0] = effort;
  return sample;
}

/** A joint of inertia `inertia` under constant load, driven through the command's drive law. */
class Joint {
  readonly q = new Float64Array(1);
  readonly qd = new Float64Array(1);
  readonly command = createJointCommand(1);
  constructor(
    readonly inertia: number,
    readonly load = 0,
  ) {}

  step(pid: JointPid, target: JointSample): number {
    const { q, qd, command } = this;
    pid.command(target, q, qd, DT, command);
    const torque =
      command.kp[0] * (command.position[0] - q[0]) + command.kd[0] * (command.velocity[0] - qd[0]) + command.effort[0];
    qd[0] += ((torque + this.load) / this.inertia) * DT;
    q[0] += qd[0] * DT;
    return torque;
  }
}

describe('JointPid', () => {
  it('has the analytic response of a damped oscillator without the integral', () => {
    // I·q̈ = kp·(r − q) − kd·q̇: natural frequency ω = 10 rad/s, damping ratio 0.5.
    const inertia = 1;
    const pid = new JointPid(makeParameters(1, { kp: 100, ki: 0, kd: 10, effortLimit: 1000 }));
    const joint = new Joint(inertia);
    const target = reference(0.5);
    const omega = 10;
    const zeta = 0.5;
    const damped = omega * Math.sqrt(1 - zeta ** 2);
    for (let k = 1; k <= 1500; k++) {
      joint.step(pid, target);
      const t = k * DT;
      const decay = Math.exp(-zeta * omega * t);
      const expected = 0.5 * (1 - decay * (Math.cos(damped * t) + ((zeta * omega) / damped) * Math.sin(damped * t)));
      expect(joint.q[0]).to.be.closeTo(expected, 0.005);
    }
  });

  it('damps: the derivative acts on the error of velocity, with its sign', () => {
    const pid = new JointPid(makeParameters(1, { ki: 0 }));
    const out = new Float64Array(1);
    pid.torque(reference(0), Float64Array.of(0), Float64Array.of(1), DT, out);
    expect(out[0]).to.equal(-30);
    pid.torque(reference(0, 1), Float64Array.of(0), Float64Array.of(0), DT, out);
    expect(out[0]).to.equal(30);
    pid.torque(reference(0, 1), Float64Array.of(0), Float64Array.of(1), DT, out);
    expect(out[0]).to.equal(0);
  });

  it('pushes with the torque limit where it is held back, and is no faster than that allows when it comes free', () => {
    // A finger: 4.66 N·m/rad, 0.3 N·m·s/rad, 1.864 N·m. Without the bound on the error it would run with 18 rad/s.
    const pid = new JointPid(makeParameters(1, { kp: 4.66, ki: 0, kd: 0.3, effortLimit: 1.864 }));
    const joint = new Joint(2e-3);
    const target = reference(1.2);
    expect(joint.step(pid, target)).to.be.closeTo(1.864, 1e-9);
    let fastest = 0;
    for (let k = 0; k < 1000; k++) {
      joint.step(pid, target);
      fastest = Math.max(fastest, joint.qd[0]!);
    }
    expect(fastest).to.be.within(5, 1.864 / 0.3);
    expect(joint.q[0]).to.be.closeTo(1.2, 1e-3);
  });

  it('removes the error of a constant load by its integral', () => {
    const joint = new Joint(0.5, -8);
    const pid = new JointPid(makeParameters(1, { ki: 400 }));
    const target = reference(0.3);
    for (let k = 0; k < 8000; k++) joint.step(pid, target);
    expect(joint.q[0]).to.be.closeTo(0.3, 1e-4);
    expect(pid.integral[0]).to.be.closeTo(8, 0.05);
  });

  it('does not wind up: the integral is bounded, and stands still while the torque is saturated', () => {
    const parameters = makeParameters(1, { ki: 400 });
    const blocked = new JointPid(parameters);
    const out = new Float64Array(1);
    for (let k = 0; k < 5000; k++) blocked.torque(reference(0.05), Float64Array.of(0), Float64Array.of(0), DT, out);
    expect(blocked.integral[0]).to.equal(12);

    const saturated = new JointPid(parameters);
    for (let k = 0; k < 5000; k++) saturated.torque(reference(1), Float64Array.of(0), Float64Array.of(0), DT, out);
    expect(out[0]).to.equal(60);
    expect(saturated.integral[0]).to.equal(0);
    // It still integrates out of saturation.
    saturated.torque(reference(1, 0, -500), Float64Array.of(0), Float64Array.of(0), DT, out);
    expect(saturated.integral[0]).to.be.greaterThan(0);
  });

  it('keeps the sum of the drive within the torque limit', () => {
    const pid = new JointPid(makeParameters(1, { ki: 0 }));
    const joint = new Joint(1000);
    expect(joint.step(pid, reference(0.25, 0, 5))).to.equal(60);
    expect(joint.step(pid, reference(-0.25, 0, -5))).to.equal(-60);
    expect(joint.step(pid, reference(joint.q[0] + 0.1, joint.qd[0], 5))).to.be.closeTo(45, 1e-9);
    expect(pid.demand[0]).to.be.closeTo(45, 1e-9);
  });

  it('gives the same torque in both forms', () => {
    const parameters = makeParameters(1);
    const [a, b] = [new JointPid(parameters), new JointPid(parameters)];
    const command = createJointCommand(1);
    const out = new Float64Array(1);
    for (let k = 0; k < 100; k++) {
      const [q, qd] = [Float64Array.of(Math.sin(k) * 0.1), Float64Array.of(Math.cos(k))];
      const target = reference(0.02 * Math.cos(k), 0.5, 1);
      a.command(target, q, qd, DT, command);
      b.torque(target, q, qd, DT, out);
      const drive = command.kp[0] * (command.position[0] - q[0]) + command.kd[0] * (command.velocity[0] - qd[0]);
      expect(drive + command.effort[0]).to.be.closeTo(out[0], 1e-9);
    }
  });

  it('damping has no stiffness and no feed-forward', () => {
    const pid = new JointPid(makeParameters(1));
    const command = createJointCommand(1);
    pid.command(reference(1, 1, 5), Float64Array.of(0), Float64Array.of(0), DT, command);
    pid.damp(Float64Array.of(0.7), command);
    expect([command.position[0], command.velocity[0], command.kp[0], command.kd[0], command.effort[0]]).to.deep.equal([
      0.7, 0, 0, 30, 0,
    ]);
    expect(pid.integral[0]).to.equal(0);
  });
});
