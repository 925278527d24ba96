import type { ActionChunk, Arm } from '../action/action-chunk.js';
import type { PolicyBackend } from '../cosmos/policy-backend.js';
import { defaultPolicySession, PolicySession, type PolicySessionOptions } from '../cosmos/policy-session.js';
import type { Layout } from '../sim/layout.js';
import { PolicyEye } from './policy-eye.js';
import type { Agent, Moment, Rollout } from './rollout.js';

/** How often a {@link PolicyAgent} asks its policy, and how. */
export interface PolicyAgentOptions extends PolicySessionOptions {
  /** Time between inferences, s. */
  readonly period: number;
  /** Time from an observation to its chunk, s. */
  readonly latency: number;
}

/** Five inferences a second that take half their period. */
export const defaultPolicyAgent: PolicyAgentOptions = { period: 0.2, latency: 0.1, ...defaultPolicySession };

/** A policy as an agent of the lock-step rollout: it gets the head camera and the joints, nothing else. */
export class PolicyAgent implements Agent {
  readonly arm: Arm;
  readonly period: number;
  readonly latency: number;
  readonly #eye: PolicyEye;
  readonly #session: PolicySession;
  readonly #gripperFrame: string;
  readonly #measured = new Float64Array(7);
  #instruction = '';

  /** @param backend loaded */
  static async create(rollout: Rollout, backend: PolicyBackend, options = defaultPolicyAgent): Promise<PolicyAgent> {
    return new PolicyAgent(rollout, backend, await PolicyEye.create(rollout.robot, rollout.simulation), options);
  }

  private constructor({ robot }: Rollout, backend: PolicyBackend, eye: PolicyEye, options: PolicyAgentOptions) {
    const { period, latency, candidates, steps } = options;
    this.arm = backend.description.arm;
    this.period = period;
    this.latency = latency;
    this.#eye = eye;
    this.#session = new PolicySession(backend, robot.names, { candidates, steps });
    this.#gripperFrame = robot.gripperFrames[this.arm];
  }

  reset(layout: Layout): void {
    this.#instruction = layout.text;
    this.#session.reset();
  }

  async act({ time, state, commandedPose, commandedGripper, kinematics }: Moment): Promise<ActionChunk> {
    this.#eye.look(kinematics, state.position);
    kinematics.pose(kinematics.frame(this.#gripperFrame), this.#measured);
    const senses = {
      stamp: time,
      frame: this.#eye.frame,
      commandedPose,
      commandedGripper,
      measuredPose: this.#measured,
      positions: state.position,
    };
    return (await this.#session.infer(senses, this.#instruction)).chunk;
  }
}
