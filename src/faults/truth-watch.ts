import type { Message } from '../ros/messages.js';
import { createLayout } from '../sim/layout.js';
import type { Task } from '../sim/scene.js';
import { bodiesThatMove } from '../sim/scene-bodies.js';

/** The robot has fallen when its pelvis tilts by this much, rad, or comes lower than this, m. */
const FALLEN_TILT = 0.8;
const FALLEN_HEIGHT = 0.35;
/** Force on the harness from which on it has caught the robot, N: a twentieth of its weight. */
const CAUGHT = 40;
/** An object is dropped when it falls faster than this, m/s (after 5 cm of free fall), and not into its receptacle, … */
const DROPPED = 1;
/** … which reaches this far from its middle, m. */
const RECEPTACLE = 0.16;

/** What happened to the true robot and its objects in one run. */
export interface Truth {
  /** Physics steps with a joint beyond its position, velocity or torque limit. */
  readonly violations: readonly [position: number, velocity: number, torque: number];
  /** The worst excess since the objects were placed (rad, rad/s, N·m), and the joint that it was (URDF order). */
  readonly excess: readonly number[];
  readonly excessJoint: readonly number[];
  readonly fallen: boolean;
  /** Whether the harness had to hold it. */
  readonly caught: boolean;
  /** Names of the objects that were dropped. */
  readonly dropped: readonly string[];
}

/** Follows the simulation's ground truth, which is judged at 1 kHz where it arises. */
export class TruthWatch {
  readonly #task: Task;
  readonly #objects: readonly string[];
  #episode = -1;
  #receptacle = { x: 0, y: 0 };
  #latest: Message<'cosmos_humanoid/msg/SimState'> | undefined;
  #begin: readonly number[] = [0, 0, 0];
  #sum = [0, 0, 0];
  #fallen = false;
  #caught = false;
  readonly #dropped = new Set<string>();

  constructor(task: Task) {
    this.#task = task;
    this.#objects = bodiesThatMove(task.scene, 'free');
  }

  /** Starts a run. */
  begin(): void {
    this.#begin = [...(this.#latest?.violations ?? [0, 0, 0])];
    this.#sum = [0, 0, 0];
    this.#fallen = false;
    this.#caught = false;
    this.#dropped.clear();
  }

  observe(message: Message<'cosmos_humanoid/msg/SimState'>): void {
    // A new simulation counts from zero: what the old one had counted is kept.
    if (this.#latest !== undefined && message.physics_time < this.#latest.physics_time) {
      const { violations } = this.#latest;
      this.#sum = this.#sum.map((sum, k) => sum + violations[k]! - this.#begin[k]!);
      this.#begin = [0, 0, 0];
    }
    this.#latest = message;
    if (message.tilt_largest > FALLEN_TILT || message.pelvis_lowest < FALLEN_HEIGHT) this.#fallen = true;
    if (message.harness_load > CAUGHT) this.#caught = true;
    if (message.episode !== this.#episode) this.#place(message);
    // The free bodies come last: seven coordinates and six velocities each.
    const [position, velocity] = [message.qpos.length, message.qvel.length];
    this.#objects.forEach((name, i) => {
      const left = this.#objects.length - i;
      const [x, y] = message.qpos.subarray(position - 7 * left);
      const falls = message.qvel[velocity - 6 * left + 2]! < -DROPPED;
      const aside = Math.hypot(x! - this.#receptacle.x, y! - this.#receptacle.y) > RECEPTACLE;
      if (falls && aside) this.#dropped.add(name);
    });
  }

  /** What happened since `begin`. */
  get result(): Truth {
    const now = this.#latest?.violations ?? [0, 0, 0];
    const [position, velocity, torque] = this.#sum.map((sum, k) => sum + now[k]! - this.#begin[k]!);
    return {
      violations: [position!, velocity!, torque!],
      excess: [...(this.#latest?.excess ?? [])],
      excessJoint: [...(this.#latest?.excess_joint ?? [])],
      fallen: this.#fallen,
      caught: this.#caught,
      dropped: [...this.#dropped],
    };
  }

  /** Where the receptacle of the present placement stands. */
  #place({ episode, seed, instruction: text }: Message<'cosmos_humanoid/msg/SimState'>): void {
    const { placements, instruction } = createLayout(this.#task, Number(seed), text || undefined);
    const [x, y] = this.#task.scene.bodies[instruction.receptacle]!.position;
    this.#receptacle = placements.get(instruction.receptacle) ?? { x, y };
    this.#episode = episode;
  }
}
