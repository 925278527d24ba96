import type { PlanningClock } from '../planning/planning-clock.js';
import type { SeparationMonitor } from '../planning/separation-monitor.js';
import { Level } from './diagnostics.js';
import type { HumanoidNode } from './humanoid-node.js';
import { readObstacles } from './obstacle-messages.js';
import { sensorData } from './qos.js';
import { toSeconds } from './time.js';

/** Hears of people and things near the robot, on the topic `people`, and says in diagnostics what follows. */
export class PeopleInput {
  readonly #node: HumanoidNode;
  readonly #monitor: SeparationMonitor;

  /** @param clock the planner's */
  constructor(node: HumanoidNode, monitor: SeparationMonitor, clock: PlanningClock) {
    this.#node = node;
    this.#monitor = monitor;
    const odometry = node.codec('nav_msgs/msg/Odometry');
    let odom: Buffer | undefined;
    // Read only when somebody gives positions in it.
    node.createRawSubscription('nav_msgs/msg/Odometry', 'odom', sensorData(1), (bytes) => {
      odom = bytes;
    });
    node.createSubscription('cosmos_humanoid/msg/TrackedObstacles', 'people', sensorData(1), (message) => {
      try {
        const { frame_id, stamp } = message.header;
        const base = frame_id === 'odom' && odom !== undefined ? odometry.decode(odom).pose.pose : undefined;
        monitor.observe(readObstacles(message, base), toSeconds(stamp) - clock.origin);
      } catch (error) {
        node.warn('people', `dropped: ${(error as Error).message}`);
      }
    });
  }

  /** @param scale of the plan now, 0…1 */
  report(scale: number): void {
    const { distance, required, approach, silent } = this.#monitor.status;
    const slow = scale < 1 ? 'slows down for people' : 'ok';
    const state = silent ? 'stands: the topic people has fallen silent' : scale === 0 ? 'stands for people' : slow;
    this.#node.diagnostics.report('separation', scale < 1 ? Level.warning : Level.ok, state, {
      speed_scale: scale,
      distance_m: distance,
      required_m: required,
      human_speed: approach.human,
      robot_speed: approach.robot,
    });
  }
}
