import rclnodejs from 'rclnodejs';
import { monotonicSeconds } from '../control/monotonic-clock.js';
import { InstructionMatcher } from '../cosmos/instruction-matcher.js';
import { defaultTaskProgress, TaskProgress } from '../cosmos/task-progress.js';
import { Robot } from '../robot/robot.js';
import { Level } from '../ros/diagnostics.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import type { Message } from '../ros/messages.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { PostureMover } from '../ros/posture-mover.js';
import type { Publisher } from '../ros/publisher.js';
import { latched, reliable, sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { SafetyLevel } from '../safety/findings.js';
import { loadTask, type Task } from '../sim/scene.js';

const ACTION = 'cosmos_humanoid/action/ExecuteInstruction';
const FEEDBACK_PERIOD = 0.1;

/** Reasons of the action's result, as in ExecuteInstruction.action. */
const Reason = {
  none: 0,
  unknownInstruction: 1,
  notReady: 2,
  safetyStop: 3,
  timeout: 4,
  cancelled: 5,
  noPrediction: 6,
} as const;

const PARAMETERS = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  task: {
    type: 'string',
    default: 'pick_and_place',
    description: 'Task whose instructions are known: a file in config/scenes, no extension.',
  },
  timeout: {
    type: 'double',
    default: 20,
    minimum: 1,
    maximum: 600,
    description: 'Time that an instruction may take where the goal gives none, s.',
  },
  prediction_timeout: {
    type: 'double',
    default: 3,
    minimum: 0.2,
    maximum: 60,
    description: 'Longest silence of the policy, s.',
  },
  arm: { type: 'string', default: 'right', choices: ['left', 'right'], description: 'Arm that the policy moves.' },
} as const satisfies ParameterDeclarations;

type Goal = rclnodejs.ServerGoalHandle<typeof ACTION>;

/** How an instruction ended. */
interface Outcome {
  readonly success: boolean;
  readonly reason: number;
  readonly message: string;
}

/**
 * Carries out instructions, one at a time: passes a known one on to the policy, follows it by what the robot itself
 * sees, and takes it back at the end, so that the arm holds. An unknown one is answered with the nearest known one.
 * Between instructions it moves the body into named postures.
 */
class TaskExecutiveNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  #robot!: Robot;
  #postures!: PostureMover;
  #task!: Task;
  #matcher!: InstructionMatcher;
  #instruction!: Publisher<'std_msgs/msg/String'>;
  #progress: TaskProgress | undefined;
  /** The instruction that is being carried out, or the last one. */
  #executing: Promise<unknown> | undefined;
  #safety: Message<'cosmos_humanoid/msg/SafetyState'> | undefined;
  #predictedAt = 0;
  #confidence = 0;

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  configure(): void {
    this.#robot = Robot.load(packagePath(this.#node.parameters.robot));
    this.#task = loadTask(packagePath(`config/scenes/${this.#node.parameters.task}.yaml`));
    const instructions = this.#task.instructions.flatMap(({ texts }) => texts);
    this.#matcher = new InstructionMatcher([{ task: this.#task.task, instructions }]);
  }

  activate(): void {
    const node = this.#node;
    this.#instruction = node.createPublisher('std_msgs/msg/String', 'instruction', latched());
    this.#instruction.publish({ data: '' });
    node.createSubscription('cosmos_humanoid/msg/SafetyState', 'safety/state', latched(), (message) => {
      this.#safety = message;
    });
    node.createSubscription('cosmos_humanoid/msg/HandReference', 'motion_planner/hand_reference', sensorData(1), (m) =>
      this.#observeHand(m),
    );
    node.createSubscription('cosmos_humanoid/msg/ActionPrediction', 'cosmos/action_prediction', reliable(1), (m) =>
      this.#observePrediction(m),
    );
    node.createActionServer(ACTION, 'execute_instruction', {
      goal: () => {
        const busy = this.#progress !== undefined || this.#postures.busy;
        return busy ? rclnodejs.GoalResponse.REJECT : rclnodejs.GoalResponse.ACCEPT;
      },
      cancel: () => rclnodejs.CancelResponse.ACCEPT,
      execute: (goal) => {
        const result = this.#execute(goal);
        this.#executing = result;
        return result;
      },
    });
    this.#postures = new PostureMover(node, this.#robot, () =>
      this.#progress === undefined ? undefined : 'an instruction is being carried out',
    );
    node.own(node.diagnostics.addSource(() => this.#report()));
  }

  /** Waits until the client of an instruction has been told that it ended. */
  async deactivate(): Promise<void> {
    this.#progress = undefined;
    await this.#executing;
  }

  async #execute(goal: Goal) {
    const started = monotonicSeconds();
    const { instruction, timeout } = goal.request;
    const limit = timeout > 0 ? timeout : this.#node.parameters.timeout;
    const outcome = await this.#carryOut(goal, instruction, limit, started);
    this.#progress = undefined;
    this.#instruction.publish({ data: '' });
    this.#node.log.info(`"${instruction}": ${outcome.message}`);
    if (outcome.success) goal.succeed();
    else if (outcome.reason === Reason.cancelled) goal.canceled();
    else goal.abort();
    return { ...outcome, duration: monotonicSeconds() - started };
  }

  async #carryOut(goal: Goal, text: string, limit: number, started: number): Promise<Outcome> {
    const match = this.#matcher.match(text);
    if (!match.known) return failure(Reason.unknownInstruction, match.message);
    if (this.#safety === undefined) return failure(Reason.notReady, 'safety_monitor has not been heard');
    if (this.#postures.suspended) {
      return failure(Reason.notReady, 'the robot hangs in its gantry: put it onto its feet first (posture stand)');
    }

    const progress = new TaskProgress(defaultTaskProgress);
    this.#progress = progress;
    this.#predictedAt = started;
    this.#confidence = 0;
    this.#instruction.publish({ data: match.instruction });
    while (this.#progress === progress) {
      const elapsed = monotonicSeconds() - started;
      goal.publishFeedback({
        stage: progress.stage,
        progress: progress.progress,
        confidence: this.#confidence,
        elapsed,
      });
      const outcome = this.#judge(progress, elapsed, limit, goal.isCancelRequested);
      if (outcome !== undefined) return outcome;
      await new Promise((resolve) => setTimeout(resolve, 1e3 * FEEDBACK_PERIOD));
    }
    return failure(Reason.notReady, 'task_executive was deactivated');
  }

  /** How the instruction ended; undefined while it is under way. */
  #judge(progress: TaskProgress, elapsed: number, limit: number, cancelled: boolean): Outcome | undefined {
    const { prediction_timeout } = this.#node.parameters;
    if (progress.stage === 'done') return { success: true, reason: Reason.none, message: 'the target is in its place' };
    if (cancelled) return failure(Reason.cancelled, 'cancelled by the client');
    if (this.#safety!.level >= SafetyLevel.protectiveStop) {
      return failure(Reason.safetyStop, `stopped: ${this.#safety!.reasons.join('; ')}`);
    }
    if (monotonicSeconds() - this.#predictedAt > prediction_timeout) {
      return failure(
        Reason.noPrediction,
        `no prediction of the policy for ${prediction_timeout} s; is cosmos_inference active?`,
      );
    }
    return elapsed > limit ? failure(Reason.timeout, `not done after ${limit} s: ${progress.missing}`) : undefined;
  }

  #observeHand({ arms, poses, grippers }: Message<'cosmos_humanoid/msg/HandReference'>): void {
    const i = arms.indexOf(this.#node.parameters.arm);
    if (i < 0) return;
    const [pose, gripper] = [poses[i], grippers[i]];
    if (pose === undefined || gripper === undefined) {
      const counts = `${arms.length} arms, ${poses.length} poses, ${grippers.length} grippers`;
      this.#node.warn('hand', `motion_planner/hand_reference has ${counts}; each arm needs one`);
      return;
    }
    const { x, y, z } = pose.position;
    this.#progress?.observeHand([x, y, z], gripper);
  }

  #observePrediction({ objects, confidence }: Message<'cosmos_humanoid/msg/ActionPrediction'>): void {
    this.#predictedAt = monotonicSeconds();
    this.#confidence = confidence;
    const [target, receptacle] = objects.map(({ pose: { position } }) => [position.x, position.y, position.z]);
    if (target !== undefined && receptacle !== undefined) {
      this.#progress?.observeObjects(this.#predictedAt, target, receptacle, objects[0]!.position_deviation);
    }
  }

  #report(): void {
    const { diagnostics } = this.#node;
    if (this.#progress === undefined) diagnostics.report('task', Level.ok, 'waiting for an instruction');
    else diagnostics.report('task', Level.ok, this.#progress.stage, { confidence: this.#confidence });
  }
}

function failure(reason: number, message: string): Outcome {
  return { success: false, reason, message };
}

await runNode({ name: 'task_executive', parameters: PARAMETERS, create: (node) => new TaskExecutiveNode(node) });
