import { CYCLE_RING_CAPACITY, type CycleRing, createMeasuredCycle, type MeasuredCycle } from '../control/cycle-ring.js';
import type { RobotState } from '../control/hardware.js';
import type { Message, MessageInput, Stamp } from './messages.js';

type Cycles = 'cosmos_humanoid/msg/ControllerCycles';

/** Array fields of ControllerCycles that hold a vector of the state each. */
const VECTORS = [
  ['orientation', 'orientation', 4],
  ['angular_velocity', 'angularVelocity', 3],
  ['linear_acceleration', 'linearAcceleration', 3],
  ['left_foot_wrench', 'leftFootWrench', 6],
  ['right_foot_wrench', 'rightFootWrench', 6],
] as const;

/** Gathers the loop's cycles into messages, each cycle in one of them as long as it is asked for often enough. */
export class CycleCollector {
  readonly #ring: CycleRing;
  readonly #joints: Int32Array;
  readonly #names: readonly string[];
  readonly #cycle: MeasuredCycle;
  #next: number;

  /** @param names of all joints @param joints indices of those that are wanted */
  constructor(ring: CycleRing, names: readonly string[], joints: Int32Array) {
    this.#ring = ring;
    this.#joints = joints;
    this.#names = Array.from(joints, (joint) => names[joint]);
    this.#cycle = createMeasuredCycle(names.length);
    this.#next = ring.count;
  }

  /** Leaves out the cycles until now: nobody listens. */
  skip(): void {
    this.#next = this.#ring.count;
  }

  /**
   * @param stampOf the stamp of a time on the loop's clock @param frame_id of the inertial measurements
   * @returns the cycles since the last call that are still to be had, or undefined where there are none
   */
  collect(stampOf: (time: number) => Stamp, frame_id: string): MessageInput<Cycles> | undefined {
    const end = this.#ring.count;
    if (end < this.#next) this.#next = 0;
    // The cycle after the oldest one may be written over while it is read: it is left alone.
    const first = Math.max(this.#next, end - CYCLE_RING_CAPACITY + 2);
    this.#next = end;
    const count = end - first;
    if (count <= 0) return undefined;
    const joints = this.#joints;
    const array = (length: number) => new Float64Array(count * length);
    const [position, velocity, time, elapsed] = [array(joints.length), array(joints.length), array(1), array(1)];
    const vectors = VECTORS.map(([field, key, length]) => ({ field, key, length, values: array(length) }));
    for (let k = 0; k < count; k++) {
      if (!this.#ring.read(first + k, this.#cycle)) return undefined;
      const { state } = this.#cycle;
      time[k] = state.time;
      elapsed[k] = this.#cycle.elapsed;
      for (let j = 0; j < joints.length; j++) {
        position[k * joints.length + j] = state.position[joints[j]];
        velocity[k * joints.length + j] = state.velocity[joints[j]];
      }
      for (const { key, length, values } of vectors) values.set(state[key], k * length);
    }
    return {
      header: { stamp: stampOf(time[count - 1]), frame_id },
      first_cycle: first,
      joint_names: this.#names,
      time,
      elapsed,
      position,
      velocity,
      ...Object.fromEntries(vectors.map(({ field, values }) => [field, values])),
    };
  }
}

/** Reads ControllerCycles cycle by cycle. */
export class CycleReader {
  readonly #names: readonly string[];
  #listed = '';
  #joints = new Int32Array(0);

  /** @param names of all joints */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /**
   * Calls back with each cycle; joints that the message does not have stay in `state` as they are.
   * @throws Error where the message's arrays do not fit together or name a joint that is not the robot's
   */
  read(message: Message<Cycles>, state: RobotState, take: (index: number, elapsed: number) => void): void {
    const joints = this.#indices(message.joint_names);
    const count = message.time.length;
    this.#check(message, count, joints.length);
    for (let k = 0; k < count; k++) {
      state.time = message.time[k];
      for (let j = 0; j < joints.length; j++) {
        state.position[joints[j]] = message.position[k * joints.length + j];
        state.velocity[joints[j]] = message.velocity[k * joints.length + j];
      }
      for (const [field, key, length] of VECTORS) {
        for (let i = 0; i < length; i++) state[key][i] = message[field][k * length + i];
      }
      take(k, message.elapsed[k]);
    }
  }

  #indices(names: readonly string[]): Int32Array {
    const listed = names.join(' ');
    if (listed !== this.#listed) {
      const joints = Int32Array.from(names, (name) => this.#names.indexOf(name));
      const unknown = joints.indexOf(-1);
      if (unknown >= 0) throw new Error(`joint '${names[unknown]}' is not the robot's`);
      this.#joints = joints;
      this.#listed = listed;
    }
    return this.#joints;
  }

  #check(message: Message<Cycles>, count: number, joints: number): void {
    const expect = (field: string, length: number, expected: number) => {
      if (length !== expected) throw new Error(`${field} has ${length} numbers, ${count} cycles need ${expected}`);
    };
    expect('elapsed', message.elapsed.length, count);
    expect('position', message.position.length, count * joints);
    expect('velocity', message.velocity.length, count * joints);
    for (const [field, , length] of VECTORS) expect(field, message[field].length, count * length);
  }
}
