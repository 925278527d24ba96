import type { Arm } from '../action/action-chunk.js';
import { PROPRIOCEPTION_DIMENSION, Proprioception } from '../cosmos/proprioception.js';
import { transformFromPose } from '../math/pose.js';
import { intrinsicsFromK } from '../perception/camera-model.js';
import { colorPixels, depthPixels } from '../perception/image-frame.js';
import { createPolicyFrame, samplePolicyFrame } from '../perception/policy-image.js';
import type { BagMessage } from '../recorder/bag-reader.js';
import { MessageDecoder } from '../recorder/message-decoder.js';
import type { Robot } from '../robot/robot.js';
import type { Message, MessageType } from '../ros/messages.js';
import { readPose } from '../ros/pose-messages.js';
import { toSeconds } from '../ros/time.js';
import { CommandedMotion } from './commanded-motion.js';
import type { DemonstrationStep } from './lerobot-writer.js';
import { SceneTruth } from './scene-truth.js';

/** Topics that are read, relative to the graph's namespace. */
export const Topic = {
  instruction: 'instruction',
  observation: 'camera_fusion/observation',
  command: 'motion_planner/hand_reference',
  outcome: 'execute_instruction/_action/status',
  truth: 'sim/state',
  estimate: 'cosmos/action_prediction',
} as const;

/** Camera whose images are taken. */
const CAMERA = 'head_camera';
/** Time between steps, s. */
export const STEP_PERIOD = 0.1;
/** An observation is taken for a step up to this much before it is due: half the time between two images, s. */
const HALF_FRAME = 1 / 30;
/** An episode with a longer time between two observations is not used, s. */
const GREATEST_GAP = 0.35;
/** Commands and the outcome are awaited for this long after an instruction's end, s. */
const AFTERMATH = 1.5;
/** A state of the simulation is of the moment of an observation if it is that near, s. */
const TOLERANCE = 0.2;

/** Values of action_msgs/GoalStatus. */
const GoalStatus = { succeeded: 4 } as const;

/** One instruction and what was done about it. */
export interface BagEpisode {
  readonly instruction: string;
  /** By the action's result, failed where it has none; unknown where the instruction was given without the action. */
  readonly outcome: 'succeeded' | 'failed' | 'unknown';
  /** Why it cannot be used; '' where it can. */
  readonly problem: string;
  readonly steps: readonly DemonstrationStep[];
  /** Where the positions of the objects are from. */
  readonly objects: 'simulation' | 'policy' | 'none';
}

type SimState = Message<'cosmos_humanoid/msg/SimState'>;

/** Something known at a time, s. */
interface Known<T> {
  readonly time: number;
  readonly value: T;
}

/** A step before its action and its labels are known: messages of other topics may come later. */
interface Seen extends Omit<DemonstrationStep, 'plan' | 'objects' | 'qpos'> {
  readonly stamp: number;
  readonly anchor: Float64Array;
}

/** An instruction that is being followed through the bag. */
interface Running {
  readonly instruction: string;
  readonly begin: number;
  readonly motion: CommandedMotion;
  readonly seen: Seen[];
  readonly states: Known<SimState>[];
  /** Of the objects' positions, by the policy. */
  readonly estimates: Known<readonly number[]>[];
  end: number;
  /** When the next step is due, s. */
  due: number;
  outcome: BagEpisode['outcome'];
  problem: string;
  /** What the last incomplete observation lacked. */
  lack: string;
}

/** Follows the messages of a bag and makes episodes of them. */
export class EpisodeReader {
  readonly #arm: Arm;
  readonly #objects: BagEpisode['objects'];
  readonly #decoder = new MessageDecoder();
  readonly #senses: Proprioception;
  readonly #truth: SceneTruth;
  readonly #frame = createPolicyFrame();
  readonly #transform = new Float64Array(12);
  #running: Running | undefined;
  /** The latest word on the action's goals: it may come before the instruction. */
  #goals: Message<'action_msgs/msg/GoalStatusArray'> | undefined;
  /** Ended by another instruction, waiting to be handed on. */
  #ended: Running | undefined;

  constructor(robot: Robot, arm: Arm, objects: BagEpisode['objects']) {
    this.#arm = arm;
    this.#objects = objects;
    this.#senses = new Proprioception(robot.names, arm);
    this.#truth = new SceneTruth(robot);
  }

  delete(): void {
    this.#truth.delete();
  }

  /** Episodes of which all is known. @param time of the message to come, s */
  async *finished(time: number): AsyncGenerator<BagEpisode> {
    for (const episode of [this.#ended, this.#running]) {
      const isOver = episode !== undefined && (episode === this.#ended || time > episode.end + AFTERMATH);
      if (!isOver && !(episode !== undefined && time === Number.POSITIVE_INFINITY)) continue;
      if (episode === this.#running) this.#running = undefined;
      yield await this.#complete(episode);
    }
    this.#ended = undefined;
  }

  take(topic: string, message: BagMessage): void {
    const time = Number(message.time) * 1e-9;
    const decode = <T extends MessageType>(type: T) => this.#decoder.decode(type, message);
    if (topic === Topic.instruction) this.#instruct(decode('std_msgs/msg/String').data, time);
    if (topic === Topic.outcome) this.#goals = decode('action_msgs/msg/GoalStatusArray');
    const running = this.#running;
    if (running === undefined) return;
    if (this.#goals !== undefined) this.#judge(this.#goals, running);
    try {
      this.#add(topic, decode, time, running);
    } catch (error) {
      if (running.problem === '') running.problem = `${topic}: ${(error as Error).message}`;
    }
  }

  #add(topic: string, decode: <T extends MessageType>(type: T) => Message<T>, time: number, running: Running): void {
    if (topic === Topic.estimate) this.#locate(decode('cosmos_humanoid/msg/ActionPrediction'), running);
    else if (topic === Topic.truth) {
      const value = decode('cosmos_humanoid/msg/SimState');
      running.states.push({ time: toSeconds(value.header.stamp), value });
    } else if (topic === Topic.command) this.#follow(decode('cosmos_humanoid/msg/HandReference'), running);
    else if (topic === Topic.observation && running.problem === '' && time <= running.end) {
      this.#observe(decode('cosmos_humanoid/msg/FusedObservation'), running);
    }
  }

  #instruct(text: string, time: number): void {
    const running = this.#running;
    if (running !== undefined) running.end = Math.min(running.end, time);
    if (text === '') return;
    this.#ended = running;
    this.#running = {
      instruction: text,
      begin: time,
      motion: new CommandedMotion(this.#arm),
      seen: [],
      states: [],
      estimates: [],
      end: Number.POSITIVE_INFINITY,
      due: time,
      outcome: 'unknown',
      problem: '',
      lack: '',
    };
  }

  /** The newest goal is the one that gave the instruction, unless it is older than that. */
  #judge({ status_list }: Message<'action_msgs/msg/GoalStatusArray'>, running: Running): void {
    const stamp = ({ goal_info }: (typeof status_list)[number]) => toSeconds(goal_info.stamp);
    const [newest] = [...status_list].sort((a, b) => stamp(b) - stamp(a));
    if (newest === undefined || stamp(newest) < running.begin - AFTERMATH) return;
    // One that is under way when the recording ends, or its server, has not succeeded.
    running.outcome = newest.status === GoalStatus.succeeded ? 'succeeded' : 'failed';
  }

  #locate({ header, objects }: Message<'cosmos_humanoid/msg/ActionPrediction'>, running: Running): void {
    if (objects.length < 2) return;
    const value = objects.slice(0, 2).flatMap(({ pose: { position: p } }) => [p.x, p.y, p.z]);
    if (!value.every(Number.isFinite)) throw new Error('a position is no finite number');
    running.estimates.push({ time: toSeconds(header.stamp), value });
  }

  #follow({ header, arms, poses, grippers }: Message<'cosmos_humanoid/msg/HandReference'>, running: Running): void {
    const i = arms.indexOf(this.#arm);
    if (i < 0) return;
    if (poses.length !== arms.length || grippers.length !== arms.length) {
      throw new Error(`${arms.length} arms, ${poses.length} poses, ${grippers.length} grippers`);
    }
    const [pose, gripper] = [readPose(poses[i]!, new Float64Array(7)), grippers[i]!];
    if (![...pose, gripper].every(Number.isFinite)) throw new Error('a pose or gripper is no finite number');
    running.motion.push(toSeconds(header.stamp), pose, gripper);
  }

  #observe(observation: Message<'cosmos_humanoid/msg/FusedObservation'>, running: Running): void {
    const { header, cameras, commanded, measured, joint_positions: positions } = observation;
    const stamp = toSeconds(header.stamp);
    const last = running.seen.at(-1)?.stamp;
    if (stamp < Math.max(running.begin, running.due - HALF_FRAME)) return;
    const camera = cameras.find(({ name }) => name === CAMERA);
    const [i, j] = [commanded.arms.indexOf(this.#arm), measured.arms.indexOf(this.#arm)];
    // The first ones may come before the first command; a lack that lasts leaves a gap.
    if (camera === undefined || i < 0 || j < 0) {
      running.lack = camera === undefined ? `images of ${CAMERA}` : `the ${this.#arm} hand`;
      return;
    }
    if (last !== undefined && stamp - last > GREATEST_GAP) {
      const what = running.lack === '' ? '' : ` with ${running.lack}`;
      running.problem = `no observation${what} for ${(stamp - last).toFixed(2)} s`;
      return;
    }
    const anchor = readPose(commanded.poses[i]!, new Float64Array(7));
    const hand = readPose(measured.poses[j]!, new Float64Array(7));
    const state = new Float32Array(PROPRIOCEPTION_DIMENSION);
    this.#senses.write(anchor, hand, commanded.grippers[i]!, positions, state);
    if (!state.every(Number.isFinite)) throw new Error('a pose, gripper or joint position is no finite number');
    transformFromPose(readPose(camera.pose, new Float64Array(7)), this.#transform);
    const { color, depth, camera_info } = camera;
    const intrinsics = intrinsicsFromK(color.width, color.height, camera_info.k);
    samplePolicyFrame(colorPixels(color), depthPixels(depth), intrinsics, this.#transform, this.#frame);
    // Cameras that are slower than the steps, or pause, shift the steps after them.
    running.due = Math.max(running.due, stamp - HALF_FRAME) + STEP_PERIOD;
    running.seen.push({
      stamp,
      anchor,
      state,
      color: this.#frame.color.slice(),
      depth: this.#frame.depth.slice(),
      camera: this.#frame.camera.slice(),
    });
  }

  async #complete(running: Running): Promise<BagEpisode> {
    const { instruction, motion, seen, outcome, problem, lack } = running;
    const objects = this.#objects;
    const unusable = (reason: string): BagEpisode => ({ instruction, outcome, problem: reason, steps: [], objects });
    if (problem !== '') return unusable(problem);
    if (motion.length === 0) return unusable(`the ${this.#arm} hand was not commanded`);
    if (seen.length === 0) return unusable(`no observation${lack === '' ? '' : ` with ${lack}`}`);
    const steps: DemonstrationStep[] = [];
    for (const { stamp, anchor, ...step } of seen) {
      const labels = await this.#label(stamp, running);
      if (labels.objects === undefined && objects !== 'none') return unusable('nothing tells where the objects were');
      steps.push({ ...step, ...labels, plan: motion.actions(stamp, anchor) });
    }
    return { instruction, outcome, problem, steps, objects };
  }

  /** What a label may tell and an input may not. */
  async #label(stamp: number, running: Running): Promise<Pick<DemonstrationStep, 'objects' | 'qpos'>> {
    // Before the policy's first prediction there is no estimate: then the first one holds.
    if (this.#objects !== 'simulation') return { objects: nearest(running.estimates, stamp)?.value };
    const state = nearest(running.states, stamp);
    if (state === undefined || Math.abs(state.time - stamp) > TOLERANCE) return {};
    const objects = await this.#truth.objects(state.value, running.instruction);
    return { objects, qpos: Float64Array.from(state.value.qpos) };
  }
}

function nearest<T>(known: readonly Known<T>[], time: number): Known<T> | undefined {
  let best: Known<T> | undefined;
  for (const entry of known) {
    if (best === undefined || Math.abs(entry.time - time) < Math.abs(best.time - time)) best = entry;
  }
  return best;
}
