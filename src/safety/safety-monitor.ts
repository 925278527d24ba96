import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import { BaseRules, type ImuObservation } from './base-rules.js';
import { isStop, type OperatorCause, type Reaction } from './causes.js';
import { CollisionRules } from './collision-rules.js';
import { Findings, type SafetyEvent, SafetyLevel } from './findings.js';
import { type JointLimits, JointRules } from './joint-rules.js';
import { type Kind, LivenessRules } from './liveness-rules.js';
import { type LoopObservation, LoopRules } from './loop-rules.js';
import type { SafetyConfig } from './safety-config.js';
import { ThermalRules } from './thermal-rules.js';
import { TrackingRules } from './tracking-rules.js';
import { type CommandedTrajectory, TrajectoryRules } from './trajectory-rules.js';

/** Period of the monitor's judgement of silence and of its word to the loop, s. */
export const JUDGEMENT_PERIOD = 0.02;

/** What the monitor watches over. */
export interface Watched {
  readonly limits: JointLimits;
  /** Nodes that send heartbeats, and topics that must not go stale, by name. */
  readonly nodes: readonly string[];
  readonly topics: readonly string[];
  /** For distances between own bodies; left out, they are not judged. */
  readonly body?: { readonly robot: Robot; readonly kinematics: Kinematics };
}

/** The judgement, as published on safety/state. */
export interface SafetyState {
  readonly level: SafetyLevel;
  /** The worst reaction to what is present or latched; none when all is well. */
  readonly reaction: Reaction | undefined;
  /** Share of the velocity limits that is in use, 0…1: the smaller of what the monitor allows and the loop takes. */
  readonly speedScale: number;
  /** Why the level is not ok, the worst first: joint, topic or node, value and limit. */
  readonly reasons: readonly string[];
  /** Names of the causes of the reasons. */
  readonly causes: readonly string[];
  /** Whether the level stays until `reset` although causes may be gone. */
  readonly latched: boolean;
  /** When the level was entered, s. */
  readonly since: number;
}

/** The answer to a reset. */
export interface ResetResult {
  readonly accepted: boolean;
  /** Why it was refused, or what was reset. */
  readonly message: string;
}

/** What the loop reports besides its stop and timing, rad. */
export interface LoopMotion {
  readonly commanded: ArrayLike<number>;
  readonly measured: ArrayLike<number>;
}

const NAMES: Readonly<Record<Reaction, string>> = {
  warn: 'warning',
  slow: 'slow-down',
  category_2: 'protective stop',
  category_1: 'controlled stop',
  category_0: 'emergency stop',
};

/** A reaction in words. */
export function describeReaction(reaction: Reaction): string {
  return NAMES[reaction];
}

/**
 * The second layer of safety, above the limits in the control loop: hears everything, demands stops, and latches them
 * until they are reset. Knows no clock and no ROS: times are handed in, seconds on one clock. Supervision in software,
 * not a safety-rated function.
 */
export class SafetyMonitor {
  readonly #config: SafetyConfig;
  readonly #findings: Findings;
  readonly #onEvent: (event: SafetyEvent) => void;
  readonly #joints: JointRules;
  readonly #thermal: ThermalRules;
  readonly #tracking: TrackingRules;
  readonly #collision: CollisionRules | undefined;
  readonly #base: BaseRules;
  readonly #trajectories: TrajectoryRules;
  readonly #loop: LoopRules;
  readonly #liveness: LivenessRules;
  #level: SafetyLevel = SafetyLevel.ok;
  #since = 0;
  #resets = 0;
  #allowedSpeed = 1;
  #loopScale = 1;
  #carried = false;

  /** @param onEvent hears of everything that the monitor finds, once, and of resets */
  constructor(config: SafetyConfig, watched: Watched, onEvent: (event: SafetyEvent) => void = () => {}) {
    const { limits, causes } = config;
    const { names, effortLimit } = watched.limits;
    const findings = new Findings(causes, onEvent);
    this.#config = config;
    this.#findings = findings;
    this.#onEvent = onEvent;
    this.#joints = new JointRules(watched.limits, limits.joints, findings);
    this.#thermal = new ThermalRules(names, effortLimit, limits.thermal, findings);
    this.#tracking = new TrackingRules(names, limits, findings);
    this.#base = new BaseRules(limits.base, findings);
    this.#trajectories = new TrajectoryRules(watched.limits, findings);
    this.#loop = new LoopRules(limits.overruns, findings);
    const { nodes: node, topics: topic, body } = watched;
    this.#liveness = new LivenessRules(limits, { node, topic }, JUDGEMENT_PERIOD, findings);
    if (body !== undefined) {
      this.#collision = new CollisionRules(body.robot, body.kinematics, limits.self_collision, findings);
    }
  }

  /** What follows from the last observations; `state` judges silence too. Act at once when it changes. */
  get reaction(): Reaction | undefined {
    return this.#findings.reaction;
  }

  /** The level that belongs to it. */
  get level(): SafetyLevel {
    return this.#findings.level;
  }

  /** Share of the velocity limits that the monitor allows, 0…1. */
  get speedScale(): number {
    const scale = this.#findings.slow ? this.#config.watchdog.slow_scale : 1;
    return Math.min(scale, this.#allowedSpeed);
  }

  /** Longest silence of each node and topic since the graph had settled, s, by name. */
  longestSilences(): Record<string, number> {
    return this.#liveness.longestSilences();
  }

  /** What 99.9 % of those silences were within, s, by name. */
  usualSilences(): Record<string, number> {
    return this.#liveness.usualSilences();
  }

  /** Resets accepted so far. */
  get resets(): number {
    return this.#resets;
  }

  /** Rise of each motor's temperature, 1 at its continuous torque; a live view. */
  get temperatureRise(): Float64Array {
    return this.#thermal.rise;
  }

  /** The share of the velocity limits that an operator allows, 0…1. */
  allowSpeed(scale: number): void {
    this.#allowedSpeed = Math.min(1, Math.max(0, scale));
  }

  /** A measured joint state: rad, rad/s, N·m; velocity and effort may be empty. @param time s, of arrival */
  observeJoints(
    time: number,
    names: readonly string[],
    position: ArrayLike<number>,
    velocity: ArrayLike<number>,
    effort: ArrayLike<number>,
  ): void {
    if (!this.#joints.acceptNames(names)) return;
    this.#joints.observe(time, position, velocity, effort);
    this.#thermal.observe(time, effort);
  }

  /** A measured posture, for the distances between own bodies; costs milliseconds. @param time s, of arrival */
  observePosture(time: number, position: ArrayLike<number>): void {
    this.#collision?.observe(time, position);
  }

  /** A measurement of the IMU. @param time s, of arrival */
  observeImu(time: number, imu: ImuObservation): void {
    this.#base.observe(time, imu);
  }

  /**
   * What the state estimator says of itself. The feet of a robot that a hoist bears may be dragged over the floor.
   * @param time s, of arrival @param slipped feet that move @param missing sensors that it lacks
   */
  observeEstimate(time: number, slipped: readonly string[], missing: readonly string[]): void {
    this.#base.observeFeet(time, this.#carried ? [] : slipped);
    if (missing.length > 0) {
      this.#findings.set('estimate', 'estimate_degraded', `state_estimator is degraded: ${missing.join(', ')}`);
    } else {
      this.#findings.clear('estimate');
    }
  }

  /** Nodes that publish joint trajectories though they are not meant to, by name. */
  observeForeign(nodes: readonly string[]): void {
    if (nodes.length === 0) this.#findings.clear('foreign');
    else this.#findings.set('foreign', 'foreign_commands', `joint trajectories are published by ${nodes.join(', ')}`);
  }

  /** Nodes that publish measurements on a topic and are not meant to; none where all is well. */
  observeForeignMeasurements(topic: string, nodes: readonly string[]): void {
    const key = `foreign ${topic}`;
    if (nodes.length === 0) this.#findings.clear(key);
    else this.#findings.set(key, 'foreign_measurements', `${topic} is published by ${nodes.join(', ')} too`);
  }

  /** A trajectory on its way to the controller. @param time s, of arrival */
  observeTrajectory(time: number, trajectory: CommandedTrajectory): void {
    this.#trajectories.observe(time, trajectory);
  }

  /** A message that is no trajectory of this robot. @param time s, of arrival @param reason what is wrong with it */
  observeMalformedTrajectory(time: number, reason: string): void {
    this.#trajectories.observeMalformed(time, reason);
  }

  /** A report of the control loop. @param time s, of arrival */
  observeLoop(time: number, loop: LoopObservation, motion?: LoopMotion): void {
    this.#loop.observe(time, loop, this.#findings.reaction);
    this.#loopScale = loop.speedScale;
    this.#carried = loop.carried;
    // In damping (3) the drives do not follow.
    if (motion !== undefined) this.#tracking.observe(time, loop.mode < 3, motion.commanded, motion.measured);
  }

  /** A sign of life: a heartbeat of an active node, or a message on a topic. @param time s, of arrival */
  observe(kind: Kind, name: string, time: number): void {
    this.#liveness.observe(kind, name, time);
  }

  /** The process of a node ended that was at work. */
  observeEnd(node: string): void {
    this.#liveness.observeEnd(node);
  }

  /** Somebody wants a stop. @param source who */
  request(cause: OperatorCause, source: string): void {
    const { reaction } = this.#config.causes[cause];
    this.#findings.note(`request:${cause}`, cause, `${describeReaction(reaction)} requested by ${source}`);
  }

  /** Unlatches the stop, if every cause of it is gone. @param time s, now */
  reset(time: number): ResetResult {
    const result = this.#reset(time);
    this.#onEvent({
      cause: result.accepted ? 'reset' : 'reset_refused',
      layer: 'operator',
      reaction: undefined,
      text: result.message,
    });
    return result;
  }

  #reset(time: number): ResetResult {
    this.#judge(time);
    const { reaction } = this.#findings;
    if (reaction === undefined || !isStop(reaction)) {
      return { accepted: true, message: 'nothing to reset: no stop is active' };
    }
    const persisting = this.#findings.reset();
    if (persisting.length > 0) {
      return { accepted: false, message: `reset refused, first clear: ${persisting.join('; ')}` };
    }
    this.#loop.reset(time);
    this.#resets++;
    return { accepted: true, message: `${describeReaction(reaction)} reset` };
  }

  /** The judgement now. @param time s */
  state(time: number): SafetyState {
    this.#judge(time);
    const { level, reaction, latched } = this.#findings;
    if (level !== this.#level) {
      this.#level = level;
      this.#since = time;
    }
    const reasons = this.#findings.reasons();
    return {
      level,
      reaction,
      speedScale: Math.min(this.speedScale, this.#loopScale),
      reasons: reasons.map(({ text }) => text),
      causes: reasons.map(({ cause }) => cause),
      latched,
      since: this.#since,
    };
  }

  #judge(time: number): void {
    this.#liveness.judge(time);
    this.#trajectories.judge(time);
  }
}
