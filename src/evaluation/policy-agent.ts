import type { ActionChunk, Arm } from '../action/action-chunk.js';
import type { CameraPicture, HandSenses, PolicyBackend } from '../cosmos/policy-backend.js';
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
  readonly period: number;
  readonly latency: number;
  readonly #eye: PolicyEye;
  readonly #session: PolicySession;
  readonly #gripperFrames: Readonly<Record<Arm, string>>;
  #instruction = '';

  /** @param backend loaded */
  static async create(rollout: Rollout, backend: PolicyBackend, options = defaultPolicyAgent): Promise<PolicyAgent> {
    return new PolicyAgent(rollout, backend, await PolicyEye.create(rollout.robot, rollout.simulation), options);
  }

  private constructor({ robot }: Rollout, backend: PolicyBackend, eye: PolicyEye, options: PolicyAgentOptions) {
    const { period, latency, candidates, steps } = options;
    this.period = period;
    this.latency = latency;
    this.#eye = eye;
    this.#session = new PolicySession(backend, { candidates, steps });
    this.#gripperFrames = robot.gripperFrames;
  }

  reset(layout: Layout): void {
    this.#instruction = layout.text;
    this.#session.reset();
  }

  async act({ time, state, commanded, kinematics }: Moment): Promise<readonly ActionChunk[]> {
    this.#eye.look(kinematics, state.position);
    const feel = (arm: Arm): HandSenses => {
      const measuredPose = new Float64Array(7);
      kinematics.pose(kinematics.frame(this.#gripperFrames[arm]), measuredPose);
      return { commandedPose: commanded[arm].pose, commandedGripper: commanded[arm].gripper, measuredPose };
    };
    const senses = {
      stamp: time,
      frame: this.#eye.frame,
      pictures: new Map<string, CameraPicture>(),
      hands: { left: feel('left'), right: feel('right') },
      positions: state.position,
    };
    const answers = await this.#session.infer(senses, this.#instruction);
    return answers.map(({ chunk }) => chunk);
  }
}
