import { encodeActions } from '../action/action-space.js';
import { PROPRIOCEPTION_DIMENSION, Proprioception } from '../cosmos/proprioception.js';
import type { Demonstration, DemonstrationStep } from '../dataset/lerobot-writer.js';
import type { Robot } from '../robot/robot.js';
import { createLayout } from '../sim/layout.js';
import type { Task } from '../sim/scene.js';
import { ExpertAgent } from './expert-agent.js';
import { PolicyEye } from './policy-eye.js';
import { type EpisodeResult, type Moment, Rollout } from './rollout.js';

/** Lets the scripted expert carry out a task and records what a policy would see, with the expert's clean plan. */
export class Demonstrator {
  readonly #task: Task;
  readonly #rollout: Rollout;
  readonly #eye: PolicyEye;
  readonly #senses: Proprioception;
  readonly #expert: ExpertAgent;

  /** @param disturbed whether noise is added to what the expert executes */
  static async create(robot: Robot, task: Task, disturbed: boolean): Promise<Demonstrator> {
    const rollout = await Rollout.create(robot, task);
    return new Demonstrator(robot, task, rollout, await PolicyEye.create(robot, rollout.simulation), disturbed);
  }

  private constructor(robot: Robot, task: Task, rollout: Rollout, eye: PolicyEye, disturbed: boolean) {
    this.#task = task;
    this.#rollout = rollout;
    this.#eye = eye;
    const rest = new Float64Array(7);
    rollout.kinematics.setPositions(robot.posture(task.scene.robot.posture));
    rollout.kinematics.pose(rollout.kinematics.frame(robot.gripperFrames.right), rest);
    this.#expert = new ExpertAgent(rest, disturbed);
    this.#senses = new Proprioception(robot.names, this.#expert.arm);
  }

  /** Runs the layout of `seed`. */
  async run(seed: number): Promise<{ result: EpisodeResult; demonstration: Demonstration }> {
    const layout = createLayout(this.#task, seed);
    const steps: DemonstrationStep[] = [];
    const agent = {
      period: this.#expert.period,
      latency: this.#expert.latency,
      reset: this.#expert.reset.bind(this.#expert),
      act: (moment: Moment) => {
        const chunks = this.#expert.act(moment);
        steps.push(this.#record(moment));
        return chunks;
      },
    };
    const result = await this.#rollout.run(agent, layout);
    return { result, demonstration: { instruction: layout.text, seed, steps } };
  }

  #record({ state, commanded, simulation, kinematics }: Moment): DemonstrationStep {
    const { plan, truth, arm } = this.#expert;
    const { pose, gripper } = commanded[arm];
    const proprioception = new Float32Array(PROPRIOCEPTION_DIMENSION);
    const measured = new Float64Array(7);
    const qpos = new Float64Array(simulation.stateSize);
    this.#eye.look(kinematics, state.position);
    kinematics.pose(kinematics.frame('r_gripper'), measured);
    this.#senses.write(pose, measured, gripper, state.position, proprioception);
    simulation.copyState(qpos);
    const { color, depth, camera } = this.#eye.frame;
    return {
      state: proprioception,
      plan: encodeActions(plan!),
      objects: [...truth.target, ...truth.receptacle],
      color: color.slice(),
      depth: depth.slice(),
      camera: camera.slice(),
      qpos,
    };
  }
}
