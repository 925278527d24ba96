import { expect } from 'chai';
import { createRobotState } from '../../src/control/hardware.js';
import { Robot } from '../../src/robot/robot.js';
import { TRUTH_SIZE, TruthRecorder } from '../../src/sim/truth-recorder.js';

describe('TruthRecorder', () => {
  const robot = Robot.load('config/robot.yaml');
  const elbow = robot.names.indexOf('right_elbow_joint');
  const fastest = robot.urdf.joints[elbow]!.velocity;

  const stiff = new Float64Array(robot.names.length).fill(100);
  const limp = new Float64Array(robot.names.length);
  const damped = new Float64Array(robot.names.length).fill(5);
  const free = limp;

  function stateAtRest() {
    const state = createRobotState(robot.names.length);
    state.position.set(robot.posture('table_work'));
    return state;
  }

  function record(recorder: TruthRecorder): number[] {
    const out = new Float64Array(TRUTH_SIZE + 1);
    recorder.copy(out, 1);
    return [...out.subarray(1)];
  }

  it('finds nothing in a robot at rest', () => {
    const recorder = new TruthRecorder(robot);
    expect(recorder.observe(stateAtRest(), stiff, damped)).to.equal(false);
    recorder.observeBase(0.85, Float64Array.of(0, 0, 0, 1));
    const [position, velocity, effort, p, v, e, , , , lowest, tilt] = record(recorder);
    expect([position, velocity, effort]).to.deep.equal([0, 0, 0]);
    expect([p, v, e].every((excess) => (excess ?? 0) < 0)).to.equal(true);
    expect([lowest, tilt]).to.deep.equal([0.85, 0]);
  });

  it('counts steps beyond each kind of limit, and keeps the worst and its joint', () => {
    const recorder = new TruthRecorder(robot);
    const state = stateAtRest();
    state.position[elbow] = robot.upper[elbow]! + 0.04;
    expect(recorder.observe(state, stiff, damped), 'elasticity').to.equal(false);
    state.position[elbow] = robot.upper[elbow]! + 0.15;
    state.velocity[elbow] = -fastest - 2;
    expect(recorder.observe(state, stiff, damped)).to.equal(true);
    state.position[elbow] = robot.upper[elbow]! + 0.1;
    state.velocity[elbow] = 0;
    state.effort[elbow] = 2 * robot.effortLimit[elbow]!;
    expect(recorder.observe(state, stiff, damped)).to.equal(true);
    const [position, velocity, effort, p, v, e, ...rest] = record(recorder);
    expect([position, velocity, effort]).to.deep.equal([2, 1, 1]);
    expect(p).to.be.closeTo(0.1, 1e-9);
    expect(v).to.be.closeTo(2, 1e-9);
    expect(e).to.be.closeTo(0.999 * robot.effortLimit[elbow]!, 1e-9);
    expect(rest.slice(0, 3)).to.deep.equal([elbow, elbow, elbow]);
  });

  it('judges a joint that was let go by its end stops, until it is back', () => {
    const head = robot.names.indexOf('head_pitch_joint');
    const recorder = new TruthRecorder(robot);
    const state = stateAtRest();
    state.position[head] = robot.upper[head]! + 0.2;
    const steps = [limp, stiff].map((stiffness) => recorder.observe(state, stiffness, damped));
    state.position[head] = robot.upper[head]!;
    steps.push(recorder.observe(state, stiff, damped));
    state.position[head] = robot.upper[head]! + 0.2;
    steps.push(recorder.observe(state, stiff, damped));
    state.position[head] = robot.urdf.joints[head]!.upper + 0.1;
    steps.push(recorder.observe(state, limp, damped));
    expect(steps).to.deep.equal([false, false, false, true, true]);
  });

  it('does not judge the speed of a joint without any drive, until a drive has caught it', () => {
    const recorder = new TruthRecorder(robot);
    const state = stateAtRest();
    state.velocity[elbow] = fastest + 1;
    const steps = [recorder.observe(state, limp, free), recorder.observe(state, stiff, damped)];
    state.velocity[elbow] = fastest;
    steps.push(recorder.observe(state, stiff, damped));
    state.velocity[elbow] = fastest + 1;
    steps.push(recorder.observe(state, limp, damped));
    expect(steps).to.deep.equal([false, false, false, true]);
  });

  it('keeps the lowest height, the largest tilt and the largest load on the harness', () => {
    const recorder = new TruthRecorder(robot);
    recorder.observeBase(0.9, Float64Array.of(Math.sin(0.2), 0, 0, Math.cos(0.2)));
    recorder.observeBase(0.7, Float64Array.of(0, 0, Math.SQRT1_2, Math.SQRT1_2), 300);
    recorder.observeBase(0.8, Float64Array.of(0, 0, 0, 1), 20);
    const [lowest, tilt, load] = record(recorder).slice(-3);
    expect([lowest, load]).to.deep.equal([0.7, 300]);
    expect(tilt).to.be.closeTo(0.4, 1e-9);
  });
});
