import { expect } from 'chai';
import { allFinite, CommandLimiter } from '../../src/control/limits.js';
import { createJointSample } from '../../src/control/trajectory.js';
import { makeParameters } from './joint-parameters-fixture.js';

const DT = 0.001;
const ACCELERATION = 3 / 0.05;

/** Tracks `position(t)`, `velocity(t)` and checks every cycle against the limits. */
function track(
  limiter: CommandLimiter,
  seconds: number,
  position: (t: number) => number,
  velocity: (t: number) => number = () => 0,
): number[] {
  const target = createJointSample(1);
  const path: number[] = [];
  let p = limiter.command.position[0];
  let v = limiter.command.velocity[0];
  for (let k = 1; k <= Math.round(seconds / DT); k++) {
    target.position[0] = position(k * DT);
    target.velocity[0] = velocity(k * DT);
    limiter.track(target, DT);
    const next = limiter.command.position[0];
    const w = limiter.command.velocity[0];
    expect(next).to.be.within(-2, 2);
    expect(Math.abs(w)).to.be.at.most(3 + 1e-9);
    expect(Math.abs(w - v)).to.be.at.most(ACCELERATION * DT * 1.01 + 1e-9);
    expect(next - p).to.be.closeTo(w * DT, 1e-12);
    p = next;
    v = w;
    path.push(next);
  }
  return path;
}

function limiterAt(position: number): CommandLimiter {
  const limiter = new CommandLimiter(makeParameters(1));
  limiter.start(Float64Array.of(position));
  return limiter;
}

describe('CommandLimiter', () => {
  it('passes a feasible reference on unchanged', () => {
    const position = (t: number) => 0.5 * (1 - Math.cos(3 * t));
    const path = track(limiterAt(0), 2, position, (t) => 1.5 * Math.sin(3 * t));
    path.forEach((p, k) => {
      expect(p).to.be.closeTo(position((k + 1) * DT), 1e-9);
    });
  });

  it('turns a step into a bounded motion that does not overshoot', () => {
    const path = track(limiterAt(0), 1, () => 1);
    expect(Math.max(...path)).to.be.at.most(1 + 1e-9);
    expect(path.at(-1)).to.be.closeTo(1, 1e-9);
    // Trapezium: 1 rad at 3 rad/s, 50 ms of acceleration and 50 ms of braking.
    const arrival = path.findIndex((p) => p > 0.999) * DT;
    expect(arrival).to.be.within(0.36, 0.4);
  });

  it('catches up with a moving reference after a jump', () => {
    const position = (t: number) => 0.3 + 0.8 * t;
    const path = track(limiterAt(0), 0.5, position, () => 0.8);
    expect(path.at(-1)).to.be.closeTo(position(0.5), 1e-6);
  });

  it('stops before the position limits, also when the reference runs through them', () => {
    const path = track(
      limiterAt(1.5),
      1,
      (t) => 1.5 + 2.5 * t,
      () => 2.5,
    );
    expect(path.at(-1)).to.be.closeTo(2, 1e-9);
    track(
      limiterAt(-1.9),
      0.5,
      () => -10,
      () => -50,
    );
  });

  it('slows a reference that is too fast', () => {
    track(
      limiterAt(0),
      0.3,
      (t) => Math.sin(40 * t),
      (t) => 40 * Math.cos(40 * t),
    );
  });

  it('leads a joint that is found outside its limits back, without a jump', () => {
    const limiter = limiterAt(2.1);
    const target = createJointSample(1);
    target.position[0] = 2.1;
    limiter.track(target, DT);
    expect(limiter.command.position[0]).to.be.within(2.0999, 2.1);
    for (let k = 0; k < 300; k++) limiter.track(target, DT);
    expect(limiter.command.position[0]).to.be.closeTo(2, 1e-9);
  });

  it('knows where it can stop', () => {
    const limiter = limiterAt(0);
    track(
      limiter,
      0.2,
      (t) => 2 * t,
      () => 2,
    );
    const rest = new Float64Array(1);
    limiter.stoppingPosture(rest);
    const path = track(limiter, 0.2, () => rest[0]);
    expect(path.at(-1)).to.be.closeTo(rest[0], 1e-9);
    expect(Math.max(...path)).to.be.at.most(rest[0] + 1e-3);
  });

  it('limits and slews the feed-forward torque', () => {
    const limiter = limiterAt(0);
    const target = createJointSample(1);
    target.effort[0] = 500;
    limiter.track(target, DT);
    expect(limiter.command.effort[0]).to.be.closeTo(3, 1e-12);
    for (let k = 0; k < 50; k++) limiter.track(target, DT);
    expect(limiter.command.effort[0]).to.equal(60);
  });

  it('keeps joints apart', () => {
    const parameters = makeParameters(2);
    parameters.velocityLimit[1] = 1;
    const limiter = new CommandLimiter(parameters);
    limiter.start(Float64Array.of(0, 0));
    const target = createJointSample(2);
    target.position.set([1.9, 1.9]);
    for (let k = 0; k < 200; k++) limiter.track(target, DT);
    expect(limiter.command.velocity[0]).to.be.closeTo(3, 1e-9);
    expect(limiter.command.velocity[1]).to.be.closeTo(1, 1e-9);
  });
});

describe('allFinite', () => {
  it('finds what is not finite', () => {
    expect(allFinite(Float64Array.of(0, -1e300, 1e-300))).to.equal(true);
    for (const bad of [Number.NaN, Infinity, -Infinity]) expect(allFinite(Float64Array.of(0, bad, 1))).to.equal(false);
    expect(allFinite(Float64Array.of(0, Number.NaN), 1)).to.equal(true);
  });

  it('slows all joints down together', () => {
    const limiter = new CommandLimiter(makeParameters(2));
    limiter.start(Float64Array.of(0, 0));
    const target = createJointSample(2);
    target.position.set([1, 0.25]);
    for (let k = 0; k < 500; k++) limiter.track(target, DT, 0.2);
    // The first may use a fifth of 3 rad/s; the second would arrive sooner at its own pace.
    expect(limiter.command.velocity[0]).to.be.closeTo(0.6, 1e-9);
    expect(limiter.command.velocity[1]).to.be.within(0, 0.6);
    for (let k = 0; k < 2500; k++) limiter.track(target, DT, 0.2);
    expect([...limiter.command.position]).to.deep.equal([1, 0.25]);
    target.position.set([0, 0]);
    limiter.track(target, DT, 0);
    expect([...limiter.command.position]).to.deep.equal([1, 0.25]);
  });

  it('brakes within the acceleration limits when less speed is allowed', () => {
    const limiter = limiterAt(-1);
    const target = createJointSample(1);
    target.position[0] = 1;
    for (let k = 0; k < 200; k++) limiter.track(target, DT);
    expect(limiter.command.velocity[0]).to.be.closeTo(3, 1e-9);
    for (let k = 0; k < 60; k++) {
      const before = limiter.command.velocity[0];
      limiter.track(target, DT, 0.1);
      expect(Math.abs(limiter.command.velocity[0] - before)).to.be.at.most(ACCELERATION * DT + 1e-9);
    }
    expect(limiter.command.velocity[0]).to.be.closeTo(0.3, 1e-9);
  });
});
