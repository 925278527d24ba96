import type { SharedState } from '../control/shared-state.js';
import { createJointTrajectory, type JointTrajectory } from '../control/trajectory.js';
import { TRAJECTORY_CAPACITY } from '../control/trajectory-buffer.js';
import { readJointTrajectory } from './joint-trajectory.js';
import type { Message, Stamp } from './messages.js';
import { toStamp } from './time.js';

/** Stamps that are remembered. */
const REMEMBERED = 64;

/** The way of joint trajectories from messages into the control loop: ROS time becomes the loop's. */
export class TrajectoryInput {
  readonly #names: readonly string[];
  readonly #trajectory: JointTrajectory;
  readonly #stamps: { readonly time: number; readonly stamp: Stamp }[] = [];
  #refused = 0;

  /** @param names the robot's joints in URDF order */
  constructor(names: readonly string[]) {
    this.#names = names;
    this.#trajectory = createJointTrajectory(names.length, TRAJECTORY_CAPACITY);
  }

  /** Messages of a wrong shape so far. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Hands a trajectory to the loop.
   * @param now ROS time, s @param offset ROS time minus the loop's, s
   * @throws Error saying what is wrong with the message
   */
  take(
    message: Message<'trajectory_msgs/msg/JointTrajectory'>,
    shared: SharedState,
    now: number,
    offset: number,
  ): void {
    const trajectory = this.#trajectory;
    try {
      readJointTrajectory(message, this.#names, now, trajectory);
    } catch (error) {
      this.#refused++;
      throw error;
    }
    trajectory.stamp -= offset;
    for (let k = 0; k < trajectory.count; k++) trajectory.time[k] -= offset;
    this.#stamps.push({ time: trajectory.stamp, stamp: message.header.stamp });
    if (this.#stamps.length > REMEMBERED) this.#stamps.shift();
    shared.trajectory.write(trajectory);
  }

  /**
   * The stamp, to the last digit, of the message whose trajectory the loop knows by `time`.
   * @param time s, on the loop's clock; 0 for none @param offset ROS time minus the loop's, s
   */
  stampOf(time: number, offset: number): Stamp {
    if (time <= 0) return { sec: 0, nanosec: 0 };
    return this.#stamps.findLast((known) => known.time === time)?.stamp ?? toStamp(time + offset);
  }
}
