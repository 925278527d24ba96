import rclnodejs from 'rclnodejs';
import { HoistRequest, SuspensionPhase } from '../balance/suspension.js';
import { monotonicSeconds } from '../control/monotonic-clock.js';
import { planTransition, type Transition } from '../planning/posture-transition.js';
import { TrajectoryCode } from '../planning/trajectory-goal.js';
import { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import { followJointTrajectoryType } from './follow-joint-trajectory.js';
import { GantryError, GantryMover } from './gantry-mover.js';
import type { Message } from './messages.js';
import { sensorData } from './qos.js';
import type { RosNode } from './ros-node.js';
import { isZero } from './time.js';

const ACTION = 'cosmos_humanoid/action/MoveToPosture';
const FEEDBACK_PERIOD = 0.1;
/** Longest wait for motion_planner to answer, or to tell how far it is, s. */
const PATIENCE = 2;

/** Reasons of the action's result, as in MoveToPosture.action. */
const Reason = { none: 0, unknownPosture: 1, notReady: 2, infeasible: 3, cancelled: 4, interrupted: 5 } as const;

type Goal = rclnodejs.ServerGoalHandle<typeof ACTION>;
type FollowAction = ReturnType<typeof followJointTrajectoryType>;

interface Outcome {
  readonly success: boolean;
  readonly reason: number;
  readonly message: string;
}

/** What is asked for to hang the robot up, and to put it back onto its feet while it hangs. */
const HANG = 'hang';
const STAND = 'stand';

/**
 * Offers the action move_to_posture, one goal at a time: plans the transition and has motion_planner follow it, or has the
 * gantry move the robot.
 */
export class PostureMover {
  readonly #node: RosNode;
  readonly #robot: Robot;
  readonly #client: rclnodejs.ActionClient<FollowAction>;
  readonly #hindrance: () => string | undefined;
  readonly #gantry: GantryMover;
  #kinematics: Promise<Kinematics> | undefined;
  #state: Message<'cosmos_humanoid/msg/ControllerState'> | undefined;
  #busy = false;
  /** The trajectory under way. */
  #following: rclnodejs.ClientGoalHandle<FollowAction> | undefined;

  /** @param hindrance why the body must not be moved now, in words; undefined where it may */
  constructor(node: RosNode, robot: Robot, hindrance: () => string | undefined) {
    this.#node = node;
    this.#robot = robot;
    this.#hindrance = hindrance;
    this.#gantry = new GantryMover(node);
    this.#client = node.createActionClient(followJointTrajectoryType(), 'follow_joint_trajectory');
    node.createSubscription('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData(1), (state) => {
      this.#state = state;
      this.#gantry.observe(state);
    });
    node.createActionServer(ACTION, 'move_to_posture', {
      goal: () => (this.#busy ? rclnodejs.GoalResponse.REJECT : rclnodejs.GoalResponse.ACCEPT),
      cancel: () => rclnodejs.CancelResponse.ACCEPT,
      execute: (goal) => this.#execute(goal),
    });
    node.own(() => {
      void this.#following?.cancelGoal();
      void this.#kinematics?.then((kinematics) => kinematics.delete());
    });
  }

  /** Whether the robot hangs in its gantry, or the hoist carries a part of it. */
  get suspended(): boolean {
    return this.#gantry.phase >= SuspensionPhase.between;
  }

  /** Whether the body is on its way to a posture. */
  get busy(): boolean {
    return this.#busy;
  }

  async #execute(goal: Goal) {
    const started = monotonicSeconds();
    this.#busy = true;
    let outcome: Outcome;
    try {
      outcome = await this.#move(goal, started);
    } catch (error) {
      outcome = failure(Reason.notReady, (error as Error).message);
    } finally {
      this.#busy = false;
    }
    this.#node.log.info(`posture ${goal.request.posture}: ${outcome.message}`);
    if (outcome.success) goal.succeed();
    else if (outcome.reason === Reason.cancelled) goal.canceled();
    else goal.abort();
    return { ...outcome, duration: monotonicSeconds() - started };
  }

  async #move(goal: Goal, started: number): Promise<Outcome> {
    const { posture, duration } = goal.request;
    if (posture === HANG || (posture === STAND && this.suspended)) return this.#carry(goal, started);
    let target: Float64Array;
    try {
      target = this.#robot.posture(posture);
    } catch (error) {
      return failure(Reason.unknownPosture, `${(error as Error).message}; or ${HANG}`);
    }
    const hindrance = this.#hindrance() ?? this.#halfway();
    if (hindrance !== undefined) return failure(Reason.notReady, hindrance);
    this.#kinematics ??= Kinematics.create(this.#robot);
    const kinematics = await this.#kinematics;
    const commanded = this.#state;
    if (commanded === undefined || isZero(commanded.reference_stamp)) {
      return failure(Reason.notReady, 'joint_controller follows no trajectory yet: is motion_planner active?');
    }
    let transition: Transition;
    try {
      const from = commanded.reference_position;
      transition = planTransition(this.#robot, kinematics, from, target, Math.max(duration, 0));
    } catch (error) {
      return failure(Reason.infeasible, (error as Error).message);
    }
    return this.#follow(goal, transition, started);
  }

  /** Why joints must not be moved while feet and hoist share the robot. */
  #halfway(): string | undefined {
    if (this.#gantry.phase !== SuspensionPhase.between) return undefined;
    return `the robot is between hanging and standing: ask for ${HANG} or ${STAND} first`;
  }

  /** Hangs the robot up, or puts it onto its feet. */
  async #carry(goal: Goal, started: number): Promise<Outcome> {
    const hang = goal.request.posture === HANG;
    const hindrance = this.#hindrance();
    if (hindrance !== undefined) return failure(Reason.notReady, hindrance);
    try {
      const done = await this.#gantry.move(
        hang ? HoistRequest.hang : HoistRequest.stand,
        () => goal.isCancelRequested,
        (progress) => goal.publishFeedback({ progress, elapsed: monotonicSeconds() - started }),
      );
      if (!done) return failure(Reason.cancelled, 'cancelled by the client; the hoist holds');
      return { success: true, reason: Reason.none, message: hang ? 'hangs' : 'stands on its feet' };
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      return failure(error.underWay ? Reason.interrupted : Reason.notReady, error.message);
    }
  }

  async #follow(goal: Goal, transition: Transition, started: number): Promise<Outcome> {
    if (!this.#client.isActionServerAvailable()) {
      const available = await this.#client.waitForServer(PATIENCE * 1e3);
      if (!available)
        return failure(Reason.notReady, 'nobody offers follow_joint_trajectory: is motion_planner active?');
    }
    const begun = monotonicSeconds();
    let heard = begun;
    let silent = () => {};
    // A planner that ends meanwhile never answers.
    const silence = new Promise<undefined>((resolve) => {
      silent = () => resolve(undefined);
    });
    let cancelling = false;
    const timer = setInterval(() => {
      const now = monotonicSeconds();
      if (now - heard > PATIENCE) silent();
      if (this.#following === undefined || cancelling) return;
      if (goal.isCancelRequested) {
        void this.#following.cancelGoal();
        cancelling = true;
        return;
      }
      const progress = Math.min((now - begun) / transition.duration, 1);
      goal.publishFeedback({ progress, elapsed: now - started });
    }, FEEDBACK_PERIOD * 1e3);
    const listen = () => {
      heard = monotonicSeconds();
    };
    const gone = failure(Reason.interrupted, 'motion_planner does not answer any more: is it active?');
    try {
      const handle = await Promise.race([this.#client.sendGoal(goalMessage(transition), listen), silence]);
      if (handle === undefined) return gone;
      if (!handle.isAccepted())
        return failure(Reason.notReady, 'motion_planner refused the trajectory; its log says why');
      this.#following = handle;
      const result = await Promise.race([handle.getResult(), silence]);
      if (result === undefined) return gone;
      const { error_code, error_string } = result;
      if (cancelling) return failure(Reason.cancelled, 'cancelled by the client');
      return error_code === TrajectoryCode.successful
        ? { success: true, reason: Reason.none, message: 'reached' }
        : failure(Reason.interrupted, error_string);
    } finally {
      clearInterval(timer);
      this.#following = undefined;
    }
  }
}

function failure(reason: number, message: string): Outcome {
  return { success: false, reason, message };
}

const none: never[] = [];

function goalMessage({ joints, points }: Transition): rclnodejs.ActionGoal<FollowAction> {
  const header = { stamp: { sec: 0, nanosec: 0 }, frame_id: '' };
  return {
    trajectory: {
      header,
      joint_names: [...joints],
      points: points.map(({ timeFromStart, positions, velocities, accelerations }) => ({
        positions: Array.from(positions),
        velocities: Array.from(velocities),
        accelerations: Array.from(accelerations),
        effort: none,
        time_from_start: { sec: Math.floor(timeFromStart), nanosec: Math.floor((timeFromStart % 1) * 1e9) },
      })),
    },
    multi_dof_trajectory: { header, joint_names: none, points: none },
    path_tolerance: none,
    component_path_tolerance: none,
    goal_tolerance: none,
    component_goal_tolerance: none,
    goal_time_tolerance: { sec: 0, nanosec: 0 },
  };
}
