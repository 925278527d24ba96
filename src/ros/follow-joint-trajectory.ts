import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import rclnodejs from 'rclnodejs';
import type { TrajectoryExecution } from '../planning/trajectory-execution.js';
import type { EndListener } from '../planning/trajectory-follower.js';
import {
  TrajectoryCode,
  type TrajectoryGoal,
  type TrajectoryOutcome,
  TrajectoryRefusal,
} from '../planning/trajectory-goal.js';
import type { RosNode } from './ros-node.js';
import { type FollowGoalMessage, readTrajectoryGoal } from './trajectory-goal-messages.js';

/** This package's action of that shape. */
const OWN_ACTION = 'cosmos_humanoid/action/FollowJointTrajectory';

/** Clients hear of the progress, and cancellations are looked for, this often, s. */
const FEEDBACK_PERIOD = 0.1;
const CANCEL_PERIOD = 0.02;

type Goal = rclnodejs.ServerGoalHandle<typeof OWN_ACTION>;

/** What follows the trajectories. */
export interface TrajectoryServant {
  /** ROS time at which the planner's clock is 0, s. */
  readonly origin: number;
  /** @throws TrajectoryRefusal */
  start(goal: TrajectoryGoal, onEnd: EndListener): TrajectoryExecution;
  /** Brings a trajectory to rest. */
  cancel(execution: TrajectoryExecution): void;
}

/**
 * The type of the action: control_msgs' where that package is installed, so that MoveIt and other clients of
 * ros2_control's joint_trajectory_controller find what they know, else this package's, which is the same.
 */
export function followJointTrajectoryType(): typeof OWN_ACTION {
  const file = 'share/control_msgs/action/FollowJointTrajectory.action';
  const installed = (process.env.AMENT_PREFIX_PATH ?? '')
    .split(delimiter)
    .some((prefix) => prefix !== '' && existsSync(join(prefix, file)));
  return (installed ? 'control_msgs/action/FollowJointTrajectory' : OWN_ACTION) as typeof OWN_ACTION;
}

/**
 * Offers the action follow_joint_trajectory. Every goal is accepted; one that cannot be followed is aborted at once,
 * with the reason, which a rejection could not give. A new goal replaces the one that is followed.
 */
export function serveFollowJointTrajectory(node: RosNode, servant: TrajectoryServant): void {
  node.createActionServer(followJointTrajectoryType(), 'follow_joint_trajectory', {
    cancel: () => rclnodejs.CancelResponse.ACCEPT,
    execute: (goal) => new Promise((resolve) => new Follow(node, servant, goal, resolve)),
  });
}

type Result = { error_code: number; error_string: string };

/** One goal from its acceptance to its result. */
class Follow {
  readonly #node: RosNode;
  readonly #servant: TrajectoryServant;
  readonly #goal: Goal;
  readonly #resolve: (result: Result) => void;
  readonly #names: readonly string[] = [];
  #execution: TrajectoryExecution | undefined;
  #timer: NodeJS.Timeout | undefined;
  #told = 0;

  constructor(node: RosNode, servant: TrajectoryServant, goal: Goal, resolve: (result: Result) => void) {
    this.#node = node;
    this.#servant = servant;
    this.#goal = goal;
    this.#resolve = resolve;
    try {
      const request = readTrajectoryGoal(plain(goal.request), servant.origin);
      this.#names = request.joints;
      this.#execution = servant.start(request, (outcome) => this.#end(outcome));
      this.#timer = setInterval(() => this.#tick(), CANCEL_PERIOD * 1e3);
    } catch (error) {
      if (!(error instanceof TrajectoryRefusal)) throw error;
      this.#end(error);
    }
  }

  #tick(): void {
    if (this.#goal.isCancelRequested) {
      this.#servant.cancel(this.#execution!);
      this.#finish('canceled', { error_code: TrajectoryCode.successful, error_string: 'cancelled by the client' });
      return;
    }
    if (++this.#told * CANCEL_PERIOD < FEEDBACK_PERIOD) return;
    this.#told = 0;
    this.#goal.publishFeedback(this.#feedback());
  }

  #end({ code, message }: TrajectoryOutcome): void {
    if (code !== TrajectoryCode.successful) this.#node.log.warn(`follow_joint_trajectory: ${message}`);
    this.#finish(code === TrajectoryCode.successful ? 'succeed' : 'abort', { error_code: code, error_string: message });
  }

  #finish(transition: 'succeed' | 'abort' | 'canceled', result: Result): void {
    clearInterval(this.#timer);
    this.#goal[transition]();
    this.#resolve(result);
  }

  #feedback(): rclnodejs.ActionFeedback<typeof OWN_ACTION> {
    const { desired, actual } = this.#execution!.feedback;
    return {
      header: { stamp: this.#node.stamp(), frame_id: '' },
      joint_names: [...this.#names],
      desired: pointMessage(desired.position, desired.velocity),
      actual: pointMessage(actual.position, actual.velocity),
      error: pointMessage(
        desired.position.map((position, j) => position - actual.position[j]!),
        desired.velocity.map((velocity, j) => velocity - actual.velocity[j]!),
      ),
      multi_dof_joint_names: [],
      multi_dof_desired: emptyPoint,
      multi_dof_actual: emptyPoint,
      multi_dof_error: emptyPoint,
    };
  }
}

const zero = { sec: 0, nanosec: 0 };
const emptyPoint = { transforms: [], velocities: [], accelerations: [], time_from_start: zero };

function pointMessage(positions: Float64Array, velocities: Float64Array) {
  const none = new Float64Array(0);
  return { positions, velocities, accelerations: none, effort: none, time_from_start: zero };
}

/** rclnodejs hands the request over as a view of the message. */
function plain(request: unknown): FollowGoalMessage {
  return (request as { toPlainObject(typedArrays: boolean): FollowGoalMessage }).toPlainObject(true);
}
