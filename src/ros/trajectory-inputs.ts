import type { PlanningClock } from '../planning/planning-clock.js';
import type { TrajectoryExecution } from '../planning/trajectory-execution.js';
import type { EndListener, TrajectoryFollower } from '../planning/trajectory-follower.js';
import { TrajectoryCode, type TrajectoryGoal, TrajectoryRefusal } from '../planning/trajectory-goal.js';
import type { Robot } from '../robot/robot.js';
import { serveFollowJointTrajectory, type TrajectoryServant } from './follow-joint-trajectory.js';
import type { Message } from './messages.js';
import { reliable, sensorData } from './qos.js';
import type { RosNode } from './ros-node.js';
import { toSeconds } from './time.js';
import { readTrajectory } from './trajectory-goal-messages.js';

const TOPIC = 'motion_planner/follow_trajectory';

/** The ways in for joint trajectories, a topic and an action, and the measurements on which they are judged. */
export class TrajectoryInputs implements TrajectoryServant {
  readonly #node: RosNode;
  readonly #robot: Robot;
  readonly #follower: TrajectoryFollower;
  readonly #clock: PlanningClock;
  readonly #hindrance: () => string | undefined;

  /**
   * Opens topic, action and measurements on `node`.
   * @param clock the planner's @param hindrance why nothing can be followed now, in words; undefined where it can
   */
  constructor(
    node: RosNode,
    robot: Robot,
    follower: TrajectoryFollower,
    clock: PlanningClock,
    hindrance: () => string | undefined,
  ) {
    this.#node = node;
    this.#robot = robot;
    this.#follower = follower;
    this.#clock = clock;
    this.#hindrance = hindrance;
    serveFollowJointTrajectory(node, this);
    node.createSubscription('trajectory_msgs/msg/JointTrajectory', TOPIC, reliable(), (message) => this.#take(message));
    node.createSubscription(
      'sensor_msgs/msg/JointState',
      'joint_states',
      sensorData(1),
      (message) => this.#observe(message),
      () => follower.execution !== undefined,
    );
  }

  get origin(): number {
    return this.#clock.origin;
  }

  start(goal: TrajectoryGoal, onEnd: EndListener): TrajectoryExecution {
    const hindrance = this.#hindrance();
    if (hindrance !== undefined) throw new TrajectoryRefusal(TrajectoryCode.invalidGoal, hindrance);
    return this.#follower.start(goal, onEnd);
  }

  cancel(execution: TrajectoryExecution): void {
    this.#follower.cancel(execution);
  }

  /** Judges by what is certainly this robot's: a trajectory that fails is led to where the joints are measured to be. */
  #observe({ header, name, position, velocity }: Message<'sensor_msgs/msg/JointState'>): void {
    const { names } = this.#robot;
    const complete = position.length === names.length && velocity.length === names.length;
    if (!complete || !names.every((joint, i) => joint === name[i])) {
      this.#node.warn(
        'measured',
        `joint_states is not of all ${names.length} joints in URDF order, each with a velocity`,
      );
    } else if (![...position, ...velocity].every(Number.isFinite)) {
      this.#node.warn('measured', 'joint_states has values that are no finite numbers');
    } else {
      this.#follower.observe(toSeconds(header.stamp) - this.origin, position, velocity);
    }
  }

  #take(message: Message<'trajectory_msgs/msg/JointTrajectory'>): void {
    const tell = (text: string) => this.#node.log.warn(`${TOPIC}: ${text}`);
    try {
      this.start(readTrajectory(message, this.origin), ({ code, message: why }) => {
        if (code !== TrajectoryCode.successful) tell(why);
      });
    } catch (error) {
      if (!(error instanceof TrajectoryRefusal)) throw error;
      tell(`refused: ${error.message}`);
    }
  }
}
