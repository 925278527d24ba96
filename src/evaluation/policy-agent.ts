import type { ActionChunk, Arm } from '../action/action-chunk.js';
import { decodeActions, reanchorActions } from '../action/action-space.js';
import { ObservationHistory } from '../cosmos/observation-history.js';
import { bestActions, type PolicyBackend } from '../cosmos/policy-backend.js';
import { PROPRIOCEPTION_DIMENSION, Proprioception } from '../cosmos/proprioception.js';
import type { Robot } from '../robot/robot.js';
import type { Layout } from '../sim/layout.js';
import { PolicyEye } from './policy-eye.js';
import type { Agent, Moment, Rollout } from './rollout.js';

export interface PolicyAgentOptions {
  /** Time between inferences, s. */
  readonly period: number;
  /** Time from an observation to its chunk, s. */
  readonly latency: number;
  readonly candidates: number;
  readonly steps: number;
}

export const defaultPolicyAgent: PolicyAgentOptions = { period: 0.2, latency: 0.1, candidates: 4, steps: 4 };

/** A policy as an agent of the lock-step rollout: it gets the head camera and the joints, nothing else. */
export class PolicyAgent implements Agent {
  readonly arm: Arm;
  readonly period: number;
  readonly latency: number;
  readonly #backend: PolicyBackend;
  readonly #options: PolicyAgentOptions;
  readonly #eye: PolicyEye;
  readonly #history: ObservationHistory;
  readonly #senses: Proprioception;
  readonly #gripperFrame: string;
  readonly #proprioception = new Float32Array(PROPRIOCEPTION_DIMENSION);
  readonly #measured = new Float64Array(7);
  #instruction = '';
  #running: ActionChunk | undefined;

  /** @param backend loaded */
  static async create(rollout: Rollout, backend: PolicyBackend, options = defaultPolicyAgent): Promise<PolicyAgent> {
    return new PolicyAgent(rollout.robot, backend, await PolicyEye.create(rollout.robot, rollout.simulation), options);
  }

  private constructor(robot: Robot, backend: PolicyBackend, eye: PolicyEye, options: PolicyAgentOptions) {
    const { arm, history, historySpacing } = backend.description;
    this.arm = arm;
    this.period = options.period;
    this.latency = options.latency;
    this.#backend = backend;
    this.#options = options;
    this.#eye = eye;
    this.#history = new ObservationHistory(history, historySpacing, eye.image.length);
    this.#senses = new Proprioception(robot.names, arm);
    this.#gripperFrame = robot.gripperFrames[arm];
  }

  reset(layout: Layout): void {
    this.#instruction = layout.text;
    this.#history.clear();
    this.#running = undefined;
  }

  async act({ time, state, commandedPose, commandedGripper, kinematics }: Moment): Promise<ActionChunk> {
    this.#eye.look(kinematics, state.position);
    this.#history.push(time, this.#eye.image);
    kinematics.pose(kinematics.frame(this.#gripperFrame), this.#measured);
    this.#senses.write(commandedPose, this.#measured, commandedGripper, state.position, this.#proprioception);
    const { candidates, steps } = this.#options;
    const observation = {
      stamp: time,
      image: this.#history.observation(),
      proprioception: this.#proprioception,
      instruction: this.#instruction,
    };
    const previous = this.#running && reanchorActions(this.#running, time, commandedPose);
    const prediction = await this.#backend.infer(observation, {
      candidates,
      steps,
      seed: Math.round(time * 1000),
      ...(previous !== undefined && previous.length > 0 ? { previous } : {}),
    });
    const { dt } = this.#backend.description;
    const anchor = commandedPose.slice();
    this.#running = decodeActions(bestActions(prediction), { stamp: time, dt, arm: this.arm, anchor });
    return this.#running;
  }
}
