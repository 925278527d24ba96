import type { Clearance } from '../planning/clearance.js';
import { obstacleSpheres, SPHERES } from '../planning/obstacle-spheres.js';
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

  readonly #spheres = new Float64Array(4 * SPHERES);

  /** @param clearance the planner's, which keeps the arms away from what is heard of @param clock the planner's */
  constructor(node: HumanoidNode, monitor: SeparationMonitor, clearance: Clearance, clock: PlanningClock) {
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
        const obstacles = readObstacles(message, base);
        monitor.observe(obstacles, toSeconds(stamp) - clock.origin);
        clearance.setObstacles(this.#spheres, obstacleSpheres(obstacles, this.#spheres));
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
