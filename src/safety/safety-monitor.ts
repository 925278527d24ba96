import { Findings, SafetyLevel } from './findings.js';
import { JOINT_RULE_DEFAULTS, type JointLimits, type JointRuleOptions, JointRules } from './joint-rules.js';
import { LivenessRules, type Watch } from './liveness-rules.js';
import { LOOP_RULE_DEFAULTS, type LoopObservation, type LoopRuleOptions, LoopRules } from './loop-rules.js';
import { type CommandedTrajectory, TrajectoryRules } from './trajectory-rules.js';

/** What the monitor judges by. */
export interface SafetyParameters {
  readonly limits: JointLimits;
  readonly joints?: JointRuleOptions;
  readonly loop?: LoopRuleOptions;
  /** Nodes that send heartbeats, by name. */
  readonly nodes: Readonly<Record<string, Watch>>;
  /** Topics that must not go stale, by name. */
  readonly topics: Readonly<Record<string, Watch>>;
}

/** The judgement, as published on safety/state. */
export interface SafetyState {
  readonly level: SafetyLevel;
  /** Why the level is not ok, the worst first: joint, topic or node, value and limit. */
  readonly reasons: readonly string[];
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

/**
 * The second layer of safety, above the limits in the control loop: hears everything, demands protective and emergency
 * stops, and latches them until they are reset. Knows no clock and no ROS: times are handed in, seconds on one clock.
 * Supervision in software, not a safety-rated function.
 */
export class SafetyMonitor {
  readonly #findings = new Findings();
  readonly #joints: JointRules;
  readonly #trajectories: TrajectoryRules;
  readonly #loop: LoopRules;
  readonly #nodes: LivenessRules;
  readonly #topics: LivenessRules;
  #level: SafetyLevel = SafetyLevel.ok;
  #since = 0;

  constructor(parameters: SafetyParameters) {
    const { limits, joints = JOINT_RULE_DEFAULTS, loop = LOOP_RULE_DEFAULTS, nodes, topics } = parameters;
    this.#joints = new JointRules(limits, joints, this.#findings);
    this.#trajectories = new TrajectoryRules(limits, this.#findings);
    this.#loop = new LoopRules(loop, this.#findings);
    this.#nodes = new LivenessRules('node', nodes, this.#findings);
    this.#topics = new LivenessRules('topic', topics, this.#findings);
  }

  /** The level as of the last observation; `state` judges silence too. Publish at once when it rises. */
  get level(): SafetyLevel {
    return this.#findings.level;
  }

  /** A measured joint state: rad, rad/s, N·m; velocity and effort may be empty. @param time s, of arrival */
  observeJoints(
    time: number,
    position: ArrayLike<number>,
    velocity: ArrayLike<number>,
    effort: ArrayLike<number>,
  ): void {
    this.#joints.observe(time, position, velocity, effort);
  }

  /** A trajectory on its way to the controller. @param time s, of arrival */
  observeTrajectory(time: number, trajectory: CommandedTrajectory): void {
    this.#trajectories.observe(time, trajectory);
  }

  /** A report of the control loop. @param time s, of arrival */
  observeLoop(time: number, loop: LoopObservation): void {
    this.#loop.observe(time, loop, this.#findings.level);
  }

  /** A heartbeat of a node. @param time s, of arrival */
  observeNode(node: string, time: number): void {
    this.#nodes.observe(node, time);
  }

  /** A message on a topic. @param time s, of arrival */
  observeTopic(topic: string, time: number): void {
    this.#topics.observe(topic, time);
  }

  /** Somebody wants a protective stop. @param source who */
  protectiveStop(source: string): void {
    this.#findings.note('request:protective', SafetyLevel.protectiveStop, `protective stop requested by ${source}`);
  }

  /** Somebody wants an emergency stop. @param source who */
  emergencyStop(source: string): void {
    this.#findings.note('request:emergency', SafetyLevel.emergencyStop, `emergency stop requested by ${source}`);
  }

  /** Unlatches the stop, if every cause of it is gone. @param time s, now */
  reset(time: number): ResetResult {
    this.#judge(time);
    const level = this.#findings.level;
    if (level < SafetyLevel.protectiveStop) return { accepted: true, message: 'nothing to reset: no stop is active' };
    const persisting = this.#findings.reset();
    if (persisting.length > 0) {
      return { accepted: false, message: `reset refused, first clear: ${persisting.join('; ')}` };
    }
    this.#loop.reset(time);
    const kind = level === SafetyLevel.emergencyStop ? 'emergency' : 'protective';
    return { accepted: true, message: `${kind} stop reset` };
  }

  /** The judgement now. @param time s */
  state(time: number): SafetyState {
    this.#judge(time);
    const { level, latched } = this.#findings;
    if (level !== this.#level) {
      this.#level = level;
      this.#since = time;
    }
    return { level, reasons: this.#findings.reasons(), latched, since: this.#since };
  }

  #judge(time: number): void {
    this.#nodes.judge(time);
    this.#topics.judge(time);
    this.#trajectories.judge(time);
  }
}
