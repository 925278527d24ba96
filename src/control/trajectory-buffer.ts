import { readConsistent, SequenceLock } from './sequence-lock.js';
import type { JointTrajectory } from './trajectory.js';

/** Waypoints that fit by default: the planner's 20, and room. */
export const TRAJECTORY_CAPACITY = 32;

/** Row count and stamp. */
const HEADER = 2;

/** Doubles of shared memory a buffer needs besides its lock word. */
export function trajectoryBufferSize(joints: number, capacity = TRAJECTORY_CAPACITY): number {
  return HEADER + capacity + 3 * capacity * joints;
}

/**
 * The last joint trajectory received, in shared memory: written by the thread that receives it, read by the control
 * loop. Single writer, single reader, sequence-locked; neither waits for the other.
 */
export class TrajectoryBuffer {
  readonly joints: number;
  readonly capacity: number;
  readonly #lock: SequenceLock;
  readonly #data: Float64Array;
  readonly #copyOut: () => void;
  #into: JointTrajectory | undefined;
  #intoRow = 0;
  #seen: number;

  /**
   * @param words 32-bit words of a SharedArrayBuffer @param lockIndex the word for the lock
   * @param data `trajectoryBufferSize` doubles of shared memory
   */
  constructor(
    words: Int32Array,
    lockIndex: number,
    data: Float64Array,
    joints: number,
    capacity = TRAJECTORY_CAPACITY,
  ) {
    this.joints = joints;
    this.capacity = capacity;
    this.#lock = new SequenceLock(words, lockIndex);
    this.#data = data;
    this.#seen = this.#lock.sequence();
    this.#copyOut = () => this.#copy();
  }

  /** A buffer with shared memory of its own, for use without a loop thread. */
  static allocate(joints: number, capacity = TRAJECTORY_CAPACITY): TrajectoryBuffer {
    const words = new Int32Array(new SharedArrayBuffer(4));
    const data = new Float64Array(new SharedArrayBuffer(8 * trajectoryBufferSize(joints, capacity)));
    return new TrajectoryBuffer(words, 0, data, joints, capacity);
  }

  /**
   * Writer: replaces the trajectory. Only the shape is checked here; values are checked where they are used, in the
   * loop.
   * @throws RangeError naming the wrong size; the previous trajectory stays.
   */
  write(trajectory: JointTrajectory): void {
    const { joints, count } = trajectory;
    if (joints !== this.joints) {
      throw new RangeError(`trajectory has ${joints} joints, the robot has ${this.joints}: send all, in URDF order`);
    }
    if (!(count >= 1 && count <= this.capacity)) {
      throw new RangeError(`trajectory has ${count} points, needs 1 to ${this.capacity}`);
    }
    for (const key of ['position', 'velocity', 'effort'] as const) {
      if (trajectory[key].length < count * joints) {
        throw new RangeError(`trajectory ${key} has ${trajectory[key].length} values, needs ${count * joints}`);
      }
    }
    if (trajectory.time.length < count) {
      throw new RangeError(`trajectory time has ${trajectory.time.length} values, needs ${count}`);
    }
    const block = this.capacity * joints;
    const start = HEADER + this.capacity;
    this.#lock.beginWrite();
    this.#data[0] = count;
    this.#data[1] = trajectory.stamp;
    this.#data.set(trajectory.time.subarray(0, count), HEADER);
    this.#data.set(trajectory.position.subarray(0, count * joints), start);
    this.#data.set(trajectory.velocity.subarray(0, count * joints), start + block);
    this.#data.set(trajectory.effort.subarray(0, count * joints), start + 2 * block);
    this.#lock.endWrite();
  }

  /**
   * Reader: copies the trajectory if a new one has come, into the rows from `row` on. Real-time safe: at most three
   * tries, then it is left for the next cycle.
   * @returns whether `into` holds a new trajectory; its `count` includes the rows before `row`.
   */
  read(into: JointTrajectory, row = 0): boolean {
    if (this.#lock.sequence() === this.#seen) return false;
    this.#into = into;
    this.#intoRow = row;
    const sequence = readConsistent(this.#lock, this.#copyOut, 3);
    if (sequence < 0) return false;
    this.#seen = sequence;
    return true;
  }

  #copy(): void {
    const into = this.#into;
    if (into === undefined) return;
    const { joints, capacity } = this;
    const count = Math.min(this.#data[0], capacity, into.capacity - this.#intoRow);
    const row = this.#intoRow;
    const block = capacity * joints;
    const start = HEADER + capacity;
    const data = this.#data;
    for (let k = 0; k < count; k++) into.time[row + k] = data[HEADER + k];
    const size = count * joints;
    const at = row * joints;
    for (let i = 0; i < size; i++) {
      into.position[at + i] = data[start + i];
      into.velocity[at + i] = data[start + block + i];
      into.effort[at + i] = data[start + 2 * block + i];
    }
    into.count = row + count;
    into.stamp = data[1];
  }
}
