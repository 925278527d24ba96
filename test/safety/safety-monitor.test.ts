import { expect } from 'chai';
import { type SafetyEvent, SafetyLevel } from '../../src/safety/findings.js';
import { JUDGEMENT_PERIOD, SafetyMonitor } from '../../src/safety/safety-monitor.js';
import { config, limits } from './safety-fixture.js';

describe('SafetyMonitor', () => {
  let monitor: SafetyMonitor;
  let events: SafetyEvent[];
  let now: number;

  beforeEach(() => {
    events = [];
    const watched = { limits, nodes: ['motion_planner'], topics: ['joint_states'] };
    monitor = new SafetyMonitor(config, watched, (event) => events.push(event));
    now = 0;
    pass(6);
  });

  /** The graph is up and well for a while, but for a silent node. */
  function pass(seconds: number, silent = ''): void {
    for (let k = 0; k < Math.round(seconds / JUDGEMENT_PERIOD); k++) {
      now += JUDGEMENT_PERIOD;
      if (silent !== 'motion_planner') monitor.observe('node', 'motion_planner', now);
      if (silent !== 'joint_states') monitor.observe('topic', 'joint_states', now);
      monitor.observeJoints(now, limits.names, [0, 0], [0, 0], [0, 0]);
      monitor.state(now);
    }
  }

  it('is ok when all is well', () => {
    expect(monitor.state(now)).to.deep.include({
      level: SafetyLevel.ok,
      reaction: undefined,
      speedScale: 1,
      reasons: [],
      causes: [],
      latched: false,
    });
  });

  it('stops for a killed node, refuses the reset while it is down, and resets when it is back', () => {
    pass(0.5, 'motion_planner');
    expect(monitor.state(now)).to.deep.include({
      level: SafetyLevel.protectiveStop,
      reaction: 'category_2',
      causes: ['node_silent'],
      latched: true,
    });
    const { accepted, message } = monitor.reset(now);
    expect(accepted).to.equal(false);
    expect(message).to.match(/^reset refused, first clear: node motion_planner has been silent for 0.\d+ s/);
    pass(0.1);
    expect(monitor.state(now).reasons[0]).to.match(/ \(gone; reset to go on\)$/);
    expect(monitor.resets).to.equal(0);
    expect(monitor.reset(now)).to.deep.equal({ accepted: true, message: 'protective stop reset' });
    expect([monitor.resets, monitor.level]).to.deep.equal([1, SafetyLevel.ok]);
    expect(events.map(({ cause }) => cause)).to.deep.equal(['node_silent', 'reset_refused', 'reset']);
  });

  it('stops for a stale topic', () => {
    pass(0.5, 'joint_states');
    expect(monitor.state(now).causes).to.deep.equal(['topic_silent']);
  });

  it('latches requested stops, the worst of them first', () => {
    monitor.request('protective_stop', 'operator_bridge');
    expect(monitor.reaction).to.equal('category_2');
    monitor.request('controlled_stop', 'operator_bridge');
    expect(monitor.reaction).to.equal('category_1');
    monitor.request('emergency_stop', 'rclpy_peer');
    monitor.request('protective_stop', 'operator_bridge');
    const state = monitor.state(now);
    expect(state.level).to.equal(SafetyLevel.emergencyStop);
    expect(state.reasons).to.deep.equal([
      'emergency stop requested by rclpy_peer',
      'controlled stop requested by operator_bridge',
      'protective stop requested by operator_bridge',
    ]);
    expect(events.map(({ layer, cause }) => `${layer} ${cause}`).slice(-1)).to.deep.equal(['operator protective_stop']);
    expect(monitor.reset(now)).to.deep.equal({ accepted: true, message: 'emergency stop reset' });
    expect(monitor.level).to.equal(SafetyLevel.ok);
    expect(monitor.reset(now).message).to.equal('nothing to reset: no stop is active');
  });

  it('raises its level at the observation, not at the next judgement', () => {
    monitor.observeJoints(now, limits.names, [0, Number.NaN], [], []);
    expect(monitor.level).to.equal(SafetyLevel.protectiveStop);
  });

  it('hears trajectories, the loop, the base and the estimator', () => {
    const trajectory = { joints: 2, count: 1, time: [0], position: [0, Number.NaN], velocity: [0, 0] };
    monitor.observeTrajectory(now, trajectory);
    expect(monitor.state(now).reasons[0]).to.contain('right_elbow_joint at point 0 is NaN');
    monitor.observeEstimate(now - 1, ['left foot'], []);
    monitor.observeEstimate(now, ['left foot'], ['gyro']);
    expect(monitor.state(now).causes).to.include.members(['foot_slipped', 'estimate_degraded']);
    monitor.observeImu(now, {
      orientation: [Math.sin(0.2), 0, 0, Math.cos(0.2)],
      angularVelocity: [0, 0, 0],
      linearAcceleration: [0, 0, 9.81],
    });
    expect(monitor.reaction).to.equal('category_1');
    // The crouch ends in damping: that is no stop of the loop's own.
    monitor.observeLoop(now, { mode: 3, causes: [], speedScale: 0.3, cycles: 1, missed: 0, carried: false });
    expect(monitor.reaction).to.equal('category_1');
    expect([monitor.speedScale, monitor.state(now).speedScale]).to.deep.equal([1, 0.3]);
  });

  it('slows down as far as the operator says', () => {
    expect(monitor.speedScale).to.equal(1);
    monitor.allowSpeed(0.25);
    expect(monitor.state(now).speedScale).to.equal(0.25);
    monitor.allowSpeed(7);
    expect(monitor.speedScale).to.equal(1);
  });

  it('slows down for a cause for which that is declared', () => {
    const slow = { ...config.causes.foot_slipped, reaction: 'slow' } as const;
    monitor = new SafetyMonitor(
      { ...config, causes: { ...config.causes, foot_slipped: slow } },
      { limits, nodes: [], topics: [] },
    );
    const { slip } = config.limits.base;
    monitor.observeEstimate(now, ['left foot'], []);
    monitor.observeEstimate(now + 0.9 * slip, ['left foot'], []);
    expect(monitor.level).to.equal(SafetyLevel.ok);
    monitor.observeEstimate(now + 1.1 * slip, ['left foot'], []);
    expect([monitor.level, monitor.speedScale]).to.deep.equal([SafetyLevel.warning, config.watchdog.slow_scale]);
    monitor.observeEstimate(now + 1.2 * slip, [], []);
    monitor.observeEstimate(now + 1.3 * slip, ['left foot'], []);
    expect([monitor.level, monitor.speedScale]).to.deep.equal([SafetyLevel.ok, 1]);
  });

  it('lets the feet be dragged while a hoist bears the robot, and judges them again when it does not', () => {
    const { slip } = config.limits.base;
    const loop = { mode: 0, causes: [], speedScale: 1, cycles: 1, missed: 0 };
    monitor.observeLoop(now, { ...loop, carried: true });
    for (const time of [now, now + 2 * slip]) monitor.observeEstimate(time, ['left foot'], []);
    expect(monitor.level).to.equal(SafetyLevel.ok);
    monitor.observeLoop(now, { ...loop, carried: false });
    for (const time of [now + 3 * slip, now + 5 * slip]) monitor.observeEstimate(time, ['left foot'], []);
    expect(monitor.state(now + 5 * slip).causes).to.deep.equal(['foot_slipped']);
  });
});
