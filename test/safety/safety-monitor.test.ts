import { expect } from 'chai';
import { SafetyLevel } from '../../src/safety/findings.js';
import { SafetyMonitor } from '../../src/safety/safety-monitor.js';
import { limits } from './safety-fixture.js';

const stop = (timeout: number) => ({ timeout, level: SafetyLevel.protectiveStop });

describe('SafetyMonitor', () => {
  let monitor: SafetyMonitor;

  beforeEach(() => {
    monitor = new SafetyMonitor({ limits, nodes: { motion_planner: stop(0.5) }, topics: { joint_states: stop(0.2) } });
    alive(0);
  });

  /** The graph is up and well at `time`. */
  function alive(time: number): void {
    monitor.observeNode('motion_planner', time);
    monitor.observeTopic('joint_states', time);
    monitor.observeJoints(time, [0, 0], [0, 0], [0, 0]);
  }

  it('is ok when all is well', () => {
    expect(monitor.state(0.1)).to.deep.equal({ level: SafetyLevel.ok, reasons: [], latched: false, since: 0 });
  });

  it('stops for a killed node, refuses the reset while it is down, and resets when it is back', () => {
    monitor.observeTopic('joint_states', 1);
    expect(monitor.state(1)).to.include({ level: SafetyLevel.protectiveStop, latched: true, since: 1 });
    expect(monitor.reset(1.1)).to.deep.equal({
      accepted: false,
      message: 'reset refused, first clear: node motion_planner has been silent for 1.10 s, its limit is 0.5 s',
    });
    alive(2);
    expect(monitor.state(2).reasons).to.deep.equal([
      'node motion_planner has been silent for 1.00 s, its limit is 0.5 s (gone; reset to go on)',
    ]);
    expect(monitor.reset(2)).to.deep.equal({ accepted: true, message: 'protective stop reset' });
    expect(monitor.state(2)).to.deep.equal({ level: SafetyLevel.ok, reasons: [], latched: false, since: 2 });
  });

  it('stops for a stale topic', () => {
    monitor.observeNode('motion_planner', 0.3);
    expect(monitor.state(0.3).reasons).to.deep.equal([
      'topic joint_states has been silent for 0.30 s, its limit is 0.2 s',
    ]);
  });

  it('latches requested stops, the emergency stop above the protective one', () => {
    monitor.protectiveStop('operator_bridge');
    expect(monitor.level).to.equal(SafetyLevel.protectiveStop);
    monitor.emergencyStop('rclpy_peer');
    monitor.protectiveStop('operator_bridge');
    const state = monitor.state(0.1);
    expect(state.level).to.equal(SafetyLevel.emergencyStop);
    expect(state.reasons).to.deep.equal([
      'emergency stop requested by rclpy_peer',
      'protective stop requested by operator_bridge',
    ]);
    expect(monitor.reset(0.1)).to.deep.equal({ accepted: true, message: 'emergency stop reset' });
    expect(monitor.level).to.equal(SafetyLevel.ok);
    expect(monitor.reset(0.1).message).to.equal('nothing to reset: no stop is active');
  });

  it('raises its level at the observation, not at the next judgement', () => {
    monitor.observeJoints(0.01, [0, Number.NaN], [], []);
    expect(monitor.level).to.equal(SafetyLevel.emergencyStop);
  });

  it('hears trajectories and the loop', () => {
    monitor.observeTrajectory(0.05, {
      joints: 2,
      count: 1,
      time: [0],
      position: [0, Number.NaN],
      velocity: [0, 0],
    });
    expect(monitor.state(0.1).reasons[0]).to.contain('right_elbow_joint at point 0 is NaN');
    monitor.observeLoop(0.1, { mode: 2, causes: ['a measured joint position is not finite'], cycles: 1, missed: 0 });
    expect(monitor.level).to.equal(SafetyLevel.emergencyStop);
  });
});
