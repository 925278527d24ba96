import type { Arm } from '../action/action-chunk.js';
import { defaultActionDecoder } from '../action/action-decoder.js';
import { encodeActions } from '../action/action-space.js';
import type { PolicyBackend } from '../cosmos/policy-backend.js';
import { PROPRIOCEPTION_DIMENSION, Proprioception } from '../cosmos/proprioception.js';
import type { Demonstration, DemonstrationStep } from '../dataset/lerobot-writer.js';
import type { Robot } from '../robot/robot.js';
import { createLayout, type Layout } from '../sim/layout.js';
import type { Task } from '../sim/scene.js';
import type { Support } from '../sim/support.js';
import { ExpertAgent } from './expert-agent.js';
import { PolicyAgent } from './policy-agent.js';
import { PolicyEye } from './policy-eye.js';
import { PolicyTurns } from './policy-turns.js';
import { type EpisodeResult, type Moment, Rollout } from './rollout.js';
import { presentBodies, TruthLabels } from './truth-labels.js';

/** Base coordinates of the simulation: x, y, z, then quaternion w, x, y, z. */
const BASE = 7;
/** How much longer than the task's limit an episode may last in which a policy acts too. */
const TURNS_TIME = 1.6;
/** The expert decides ten times a second: what it corrects must not wait for a fade that is made for five. */
const DECODER = { ...defaultActionDecoder, blendTime: 0.1, blendAcceleration: 3 };

/** How demonstrations are made. */
export interface DemonstratorOptions {
  /** Whether noise is added to what the expert executes, and objects are pushed. */
  readonly disturbed: boolean;
  /** Whether the images are recorded that a policy would see, beside the states from which they can be drawn. */
  readonly images: boolean;
  /** What carries the robot. */
  readonly support: Support;
}

/**
 * Lets the scripted expert carry out a task, or a policy and the expert in turns, and records the states of robot and
 * scene, always with the expert's clean plan.
 */
export class Demonstrator {
  readonly simulation;
  readonly #task: Task;
  readonly #rollout: Rollout;
  readonly #eye: PolicyEye | undefined;
  readonly #senses: Readonly<Record<Arm, Proprioception>>;
  readonly #grippers: Readonly<Record<Arm, string>>;
  readonly #expert: ExpertAgent;
  readonly #turns: PolicyTurns | undefined;
  readonly #labels: TruthLabels;
  readonly #bodies: readonly number[];
  readonly #present = { layout: undefined as Layout | undefined, mask: new Float32Array(0) as Float32Array };

  /** @param policy loaded; without one the expert acts alone */
  static async create(
    robot: Robot,
    task: Task,
    options: DemonstratorOptions,
    policy?: PolicyBackend,
  ): Promise<Demonstrator> {
    const { disturbed, images, support } = options;
    const time_limit = task.time_limit * (policy === undefined ? 1 : TURNS_TIME);
    const rollout = await Rollout.create(robot, { ...task, time_limit }, { decoder: DECODER, support });
    const turns = policy && new PolicyTurns(await PolicyAgent.create(rollout, policy));
    const eye = images ? await PolicyEye.create(robot, rollout.simulation) : undefined;
    const labels = await TruthLabels.create(robot, task, rollout.simulation);
    return new Demonstrator(robot, task, rollout, eye, labels, disturbed, turns);
  }

  private constructor(
    robot: Robot,
    task: Task,
    rollout: Rollout,
    eye: PolicyEye | undefined,
    labels: TruthLabels,
    disturbed: boolean,
    turns: PolicyTurns | undefined,
  ) {
    this.#turns = turns;
    this.simulation = rollout.simulation;
    this.#task = task;
    this.#rollout = rollout;
    this.#eye = eye;
    this.#labels = labels;
    this.#expert = new ExpertAgent(rollout, task, disturbed);
    this.#grippers = robot.gripperFrames;
    this.#senses = { left: new Proprioception(robot.names, 'left'), right: new Proprioception(robot.names, 'right') };
    this.#bodies = rollout.simulation.sceneBodies;
  }

  /** Runs the layout of `seed`. */
  async run(seed: number): Promise<{ result: EpisodeResult; demonstration: Demonstration }> {
    const layout = createLayout(this.#task, seed);
    this.#labels.reset();
    this.#present.layout = layout;
    this.#present.mask = presentBodies(this.#task, layout);
    const steps: DemonstrationStep[] = [];
    const agent = {
      period: this.#expert.period,
      latency: this.#expert.latency,
      reset: (episode: Layout) => {
        this.#expert.reset(episode);
        this.#turns?.reset(episode);
      },
      act: (moment: Moment) => {
        const chunks = this.#expert.act(moment);
        steps.push(this.#record(moment));
        return this.#turns === undefined ? chunks : this.#turns.choose(moment, chunks);
      },
    };
    const result = await this.#rollout.run(agent, layout);
    return { result, demonstration: { instruction: layout.text, seed, success: result.success, steps } };
  }

  #record(moment: Moment): DemonstrationStep {
    const { plan, arm } = this.#expert;
    const { simulation, time } = moment;
    const { layout, mask } = this.#present;
    const { target, receptacle } = layout!.instruction;
    const qpos = new Float64Array(simulation.stateSize);
    simulation.copyState(qpos);
    const objects = [target, receptacle].flatMap((name) => {
      const place = new Float64Array(3);
      simulation.bodyPositionInBase(name, place);
      return [...place];
    });
    const bodies = new Float32Array(7 * this.#bodies.length);
    const pose = new Float64Array(7);
    for (const [i, body] of this.#bodies.entries()) {
      simulation.linkPose(body, pose);
      bodies.set(pose, 7 * i);
    }
    const joints = Float32Array.from(qpos.subarray(BASE, BASE + moment.state.position.length));
    return {
      state: this.#feel(moment),
      plan: encodeActions(plan!),
      arm: arm === 'left' ? 1 : 0,
      joints,
      base: Float32Array.of(...qpos.subarray(0, 3), ...qpos.subarray(4, BASE), qpos[3]!),
      bodies,
      objects,
      quantities: this.#labels.quantities(layout!, arm, time),
      present: mask,
      ...this.#look(moment),
    };
  }

  /** Proprioception of the right arm, then of the left one. */
  #feel({ state, commanded, kinematics }: Moment): Float32Array {
    const both = new Float32Array(2 * PROPRIOCEPTION_DIMENSION);
    const measured = new Float64Array(7);
    kinematics.setPositions(state.position);
    for (const [i, arm] of (['right', 'left'] as const).entries()) {
      const { pose, gripper } = commanded[arm];
      kinematics.pose(kinematics.frame(this.#grippers[arm]), measured);
      const own = both.subarray(i * PROPRIOCEPTION_DIMENSION, (i + 1) * PROPRIOCEPTION_DIMENSION);
      this.#senses[arm].write(pose, measured, gripper, state.position, own);
    }
    return both;
  }

  #look({ state, kinematics }: Moment): Partial<DemonstrationStep> {
    const eye = this.#eye;
    if (eye === undefined) return {};
    eye.look(kinematics, state.position);
    const { color, depth, camera } = eye.frame;
    return { color: color.slice(), depth: depth.slice(), camera: camera.slice() };
  }
}
