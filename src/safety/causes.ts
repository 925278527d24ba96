/** What follows from a cause, in order of severity; the names of config/safety.yaml. */
export const REACTIONS = ['warn', 'slow', 'category_2', 'category_1', 'category_0'] as const;
export type Reaction = (typeof REACTIONS)[number];

/** Who sees a cause: the 1 kHz loop, safety_monitor, or a person or program that asks for a stop. */
export const LAYERS = ['loop', 'monitor', 'operator'] as const;
export type Layer = (typeof LAYERS)[number];

/** All causes by layer, each with what it means. */
export const CAUSES = {
  loop: {
    state_not_finite: 'a measured joint position or velocity is not finite',
    state_implausible: 'a measured joint position jumped further than a joint can move',
    command_not_finite: 'a computed joint command is not finite',
    reference_invalid: 'the joint trajectory holds a value that is not finite, or times that do not increase',
    reference_silent: 'no joint trajectory arrived in time',
    monitor_silent: 'the safety monitor fell silent',
    cycles_missed: 'the loop missed cycles in a row',
    loop_stalled: 'the loop made no cycle for too long',
    shutdown: 'the loop is shutting down',
  },
  monitor: {
    joint_not_finite: 'a measurement of a joint is not finite',
    joint_states_malformed: 'joint_states has a wrong number of values, or other joints',
    joint_position: 'a joint is beyond its position limit',
    joint_velocity: 'a joint is beyond its velocity limit',
    joint_torque: 'a joint is beyond its torque limit',
    joint_at_limit: 'a joint is past its position limit, within the margin',
    joint_frozen: 'a joint is commanded to move and its measurement stays the same to the last bit',
    tracking_error: 'a joint does not follow its command',
    self_collision: 'two parts of the body overlap',
    self_proximity: 'two parts of the body are close to each other',
    motor_hot: 'a motor nears the temperature that its continuous torque leads to',
    motor_overheated: 'a motor is beyond the temperature that its continuous torque leads to',
    base_tilted: 'the base is tilted',
    base_fallen: 'the base is tilted so far that the robot falls',
    foot_slipped: 'a loaded foot moved over the floor',
    imu_invalid: 'the IMU gives values that are not finite or not possible',
    imu_frozen: 'the IMU gives the same values to the last bit',
    estimate_degraded: 'the state estimator says that it lacks a sensor',
    trajectory_malformed: 'a joint trajectory is of a wrong shape, not finite or outside the limits',
    foreign_commands: 'a node that is not meant to publishes joint trajectories',
    foreign_measurements: 'a node that is not meant to publishes what the monitor judges by, which may hide a fault',
    trajectory_fast: 'a joint trajectory is faster than the limits, which the loop bounds',
    overruns: 'the loop misses too large a share of its cycles',
    overruns_many: 'the loop misses a notable share of its cycles',
    node_ended: 'the process of a node ended while it was active',
    node_silent: 'a node sends no heartbeats, or is not active',
    topic_silent: 'a topic carries no messages',
    not_heard: 'a node or topic has not been heard yet',
    loop_stopped: 'the loop stopped by itself: as severely as it did',
  },
  operator: {
    protective_stop: 'somebody asked for a protective stop',
    controlled_stop: 'somebody asked for a controlled stop',
    emergency_stop: 'somebody asked for an emergency stop',
  },
} as const satisfies Record<Layer, Record<string, string>>;

export type LoopCause = keyof (typeof CAUSES)['loop'];
export type MonitorCause = keyof (typeof CAUSES)['monitor'];
export type OperatorCause = keyof (typeof CAUSES)['operator'];
/** The name of a cause, unique over all layers. */
export type CauseName = LoopCause | MonitorCause | OperatorCause;

/** How severe a reaction is: its place in {@link REACTIONS}. */
export function severity(reaction: Reaction): number {
  return REACTIONS.indexOf(reaction);
}

/** Whether a reaction is a stop, which latches. */
export function isStop(reaction: Reaction): boolean {
  return reaction.startsWith('category_');
}
