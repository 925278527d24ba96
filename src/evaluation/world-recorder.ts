import type { ActionChunk, Arm } from '../action/action-chunk.js';
import { encodeActions } from '../action/action-space.js';
import type { HandSenses, PolicySenses } from '../cosmos/policy-backend.js';
import type { Robot } from '../robot/robot.js';
import type { Layout } from '../sim/layout.js';
import type { Task } from '../sim/scene.js';
import type { Simulation } from '../sim/simulation.js';
import { HiddenShare } from './hidden-share.js';
import { PolicyEye } from './policy-eye.js';
import type { Agent, Moment, Rollout } from './rollout.js';
import { TruthLabels } from './truth-labels.js';

/** How far the agent's period may be from a multiple of that of the records, s. */
const ROUNDING = 1e-9;
/** Records from one at which objects are looked for to the next. */
const OBJECTS_EVERY = 5;
/** An object of which less is hidden counts as visible. */
const HIDDEN = 0.5;

/** An object that is there. */
export interface TrueObject {
  readonly position: Float64Array;
  /** Whether at least half of it is seen. */
  readonly visible: boolean;
  /** Whether it stands in the same place in every layout, so that there is nothing to find out. */
  readonly immovable: boolean;
}

/** What there was at a moment. */
export interface WorldRecord {
  /** What a policy may know. */
  readonly senses: PolicySenses;
  /** The arm that acts. */
  readonly arm: Arm;
  /** The truth, for judging only: as TruthLabels has it. */
  readonly quantities: Float32Array;
  /** Also the truth, in every so many records: the scene's bodies that are there, in base_link, m. */
  readonly objects: ReadonlyMap<string, TrueObject> | undefined;
}

/** Lets an agent act and records, a waypoint's time apart, what the world model is to be judged by. */
export class WorldRecorder implements Agent {
  readonly period: number;
  readonly latency: number;
  /** Of the present episode. */
  readonly records: WorldRecord[] = [];
  readonly #agent: Agent;
  readonly #every: number;
  readonly #task: Task;
  readonly #grippers: Readonly<Record<Arm, string>>;
  readonly #simulation: Simulation;
  readonly #eye: PolicyEye;
  readonly #labels: TruthLabels;
  readonly #hidden: HiddenShare;
  #layout!: Layout;
  #arm: Arm = 'right';

  /**
   * @param period time between records, s: that between the waypoints of the agent's chunks
   * @throws Error where the agent's period is no multiple of it
   */
  static async create(
    { robot, simulation }: Rollout,
    task: Task,
    agent: Agent,
    period: number,
  ): Promise<WorldRecorder> {
    const eye = await PolicyEye.create(robot, simulation);
    const labels = await TruthLabels.create(robot, task, simulation);
    const hidden = await HiddenShare.create(robot, simulation);
    return new WorldRecorder(robot, task, agent, period, simulation, eye, labels, hidden);
  }

  private constructor(
    robot: Robot,
    task: Task,
    agent: Agent,
    period: number,
    simulation: Simulation,
    eye: PolicyEye,
    labels: TruthLabels,
    hidden: HiddenShare,
  ) {
    this.#agent = agent;
    this.period = period;
    this.#every = Math.round(agent.period / period);
    if (Math.abs(this.#every * period - agent.period) > ROUNDING)
      throw new Error(`the agent decides every ${agent.period} s; expected a multiple of ${period} s`);
    this.latency = agent.latency;
    this.#task = task;
    this.#grippers = robot.gripperFrames;
    this.#simulation = simulation;
    this.#eye = eye;
    this.#labels = labels;
    this.#hidden = hidden;
  }

  reset(layout: Layout): void {
    this.#layout = layout;
    this.#arm = 'right';
    this.records.length = 0;
    this.#labels.reset();
    this.#agent.reset(layout);
  }

  async act(moment: Moment): Promise<readonly ActionChunk[]> {
    const chunks = this.records.length % this.#every === 0 ? await this.#agent.act(moment) : [];
    this.#arm = chunks[0]?.arm ?? this.#arm;
    this.records.push({
      senses: this.#sense(moment),
      arm: this.#arm,
      quantities: this.#labels.quantities(this.#layout, this.#arm, moment.time),
      objects: this.records.length % OBJECTS_EVERY === 0 ? this.#objects() : undefined,
    });
    return chunks;
  }

  #sense({ time, state, commanded, kinematics }: Moment): PolicySenses {
    this.#eye.look(kinematics, state.position);
    const { color, depth, camera } = this.#eye.frame;
    const feel = (arm: Arm): HandSenses => {
      const measuredPose = new Float64Array(7);
      kinematics.pose(kinematics.frame(this.#grippers[arm]), measuredPose);
      const { pose, gripper } = commanded[arm];
      return { commandedPose: pose.slice(), commandedGripper: gripper, measuredPose };
    };
    return {
      stamp: time,
      frame: { color: color.slice(), depth: depth.slice(), camera: camera.slice() },
      pictures: new Map(),
      hands: { left: feel('left'), right: feel('right') },
      positions: state.position.slice(),
    };
  }

  #objects(): WorldRecord['objects'] {
    const names = Object.keys(this.#task.scene.bodies).filter((name) => !this.#layout.parked.has(name));
    return new Map(
      names.map((name) => {
        const position = new Float64Array(3);
        this.#simulation.bodyPositionInBase(name, position);
        const immovable = this.#task.scene.bodies[name]!.fixed && !(name in this.#task.layout.regions);
        return [name, { position, visible: this.#hidden.of(name) < HIDDEN, immovable }];
      }),
    );
  }
}

/** What the acting arm was commanded in the records after `from`, horizon × 7, as a policy's actions. */
export function executedActions(records: readonly WorldRecord[], from: number, horizon: number): Float64Array {
  const { senses, arm } = records[from]!;
  const later = records.slice(from + 1, from + 1 + horizon).map((record) => record.senses.hands[arm]);
  const poses = Float64Array.from(later.flatMap(({ commandedPose }) => [...commandedPose]));
  const gripper = Float64Array.from(later, ({ commandedGripper }) => commandedGripper);
  const anchor = senses.hands[arm].commandedPose;
  const dt = records[from + 1]!.senses.stamp - senses.stamp;
  return encodeActions({ stamp: senses.stamp, dt, arm, anchor, poses, gripper });
}
