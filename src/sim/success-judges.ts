import type { Simulation } from './simulation.js';
import type { SuccessCriterion } from './success-criteria.js';

/** A body this much above its start was lifted, m. */
const liftHeight = 0.03;
/** A body this much below its start fell, m; one this far from it on the floor plan was moved. */
const fallHeight = 0.2;
const moveDistance = 0.02;

/** The bodies that a test is about, and the links at the centre of each hand's grasp. */
export interface Subjects {
  readonly target: string;
  readonly receptacle: string;
  /** Other bodies that can be mistaken for the target. */
  readonly others: readonly string[];
  readonly grippers: readonly number[];
}

/** Judges one kind of success on ground truth. */
export interface Judge {
  /** Looks at the world. @returns whether it is as it should be, now */
  look(): boolean;
  /** Why it is not, in words. @param held whether it was for a moment */
  cause(held: boolean): string;
}

/** A position that is read from the simulation. */
class Place {
  readonly now = new Float64Array(7);
  readonly start = new Float64Array(3);
  readonly #simulation: Simulation;
  readonly #body: number;

  constructor(simulation: Simulation, body: number) {
    this.#simulation = simulation;
    this.#body = body;
    this.look();
    this.start.set(this.now.subarray(0, 3));
  }

  look(): void {
    this.#simulation.linkPose(this.#body, this.now);
  }

  get rise(): number {
    return this.now[2]! - this.start[2]!;
  }

  /** On the floor plan, since the start, m. */
  get moved(): number {
    return Math.hypot(this.now[0]! - this.start[0]!, this.now[1]! - this.start[1]!);
  }

  distanceTo(point: ArrayLike<number>): number {
    return Math.hypot(this.now[0]! - point[0]!, this.now[1]! - point[1]!, this.now[2]! - point[2]!);
  }

  /** A point of the body in the world: p + R·v. */
  point(v: ArrayLike<number>): [number, number, number] {
    const [x, y, z, w] = [this.now[3]!, this.now[4]!, this.now[5]!, this.now[6]!];
    // R·v = v + 2w(u × v) + 2u × (u × v)
    const [a, b, c] = [y * v[2]! - z * v[1]!, z * v[0]! - x * v[2]!, x * v[1]! - y * v[0]!];
    return [
      this.now[0]! + v[0]! + 2 * (w * a + y * c - z * b),
      this.now[1]! + v[1]! + 2 * (w * b + z * a - x * c),
      this.now[2]! + v[2]! + 2 * (w * c + x * b - y * a),
    ];
  }

  /** A point of the world in the body's frame: Rᵀ(q − p). */
  local(q: ArrayLike<number>): [number, number, number] {
    const [x, y, z, w] = [-this.now[3]!, -this.now[4]!, -this.now[5]!, this.now[6]!];
    const v = [q[0]! - this.now[0]!, q[1]! - this.now[1]!, q[2]! - this.now[2]!] as const;
    const [a, b, c] = [y * v[2] - z * v[1], z * v[0] - x * v[2], x * v[1] - y * v[0]];
    return [v[0] + 2 * (w * a + y * c - z * b), v[1] + 2 * (w * b + z * a - x * c), v[2] + 2 * (w * c + x * b - y * a)];
  }
}

/** Follows a target that is to be grasped. */
class Grasp {
  readonly target: Place;
  readonly #name: string;
  readonly #grippers: readonly Place[];
  readonly #others: ReadonlyMap<string, Place>;
  lifted = false;
  #otherLifted: string | undefined;

  constructor(simulation: Simulation, { target, others, grippers }: Subjects) {
    this.#name = target;
    this.target = new Place(simulation, simulation.body(target));
    this.#grippers = grippers.map((link) => new Place(simulation, link));
    this.#others = new Map(others.map((name) => [name, new Place(simulation, simulation.body(name))]));
  }

  look(): void {
    this.target.look();
    for (const gripper of this.#grippers) gripper.look();
    if (this.target.rise > liftHeight) this.lifted = true;
    for (const [name, other] of this.#others) {
      other.look();
      if (other.rise > liftHeight) this.#otherLifted ??= name;
    }
  }

  /** From the nearest hand to the target, m. */
  get handDistance(): number {
    return Math.min(...this.#grippers.map(({ now }) => this.target.distanceTo(now)));
  }

  /** Why the target was not lifted; undefined where it was. */
  get cause(): string | undefined {
    const name = this.#name;
    if (!this.lifted && this.#otherLifted !== undefined) return `lifted ${this.#otherLifted} instead of ${name}`;
    if (this.target.rise < -fallHeight) return `${name} fell off the table`;
    if (this.lifted) return undefined;
    return this.target.moved > moveDistance ? `${name} was pushed, not grasped` : `${name} was not reached`;
  }
}

/** What judges `criterion` from the world's present state on. */
export function createJudge(criterion: SuccessCriterion, subjects: Subjects, simulation: Simulation): Judge {
  const { target, receptacle } = subjects;
  const grasp = new Grasp(simulation, subjects);
  const goal = new Place(simulation, simulation.body(receptacle));
  const look = () => {
    grasp.look();
    goal.look();
  };
  switch (criterion.test) {
    case 'placed': {
      const { inside, released } = criterion;
      return {
        look: () => {
          look();
          const [x, y, z] = goal.local(grasp.target.now);
          const placed = Math.abs(x) < inside.x && Math.abs(y) < inside.y && z > 0 && z < inside.below;
          return placed && grasp.handDistance > released;
        },
        cause: (held) =>
          grasp.cause ?? (held ? `${target} was placed too late` : `${target} was lifted but not placed`),
      };
    }
    case 'taken':
      return {
        look: () => {
          look();
          return grasp.handDistance < criterion.near && grasp.target.distanceTo(goal.now) > criterion.away;
        },
        cause: (held) => grasp.cause ?? (held ? `${target} was taken too late` : `${target} was lifted but not kept`),
      };
    case 'touched': {
      let nearest = Number.POSITIVE_INFINITY;
      return {
        look: () => {
          look();
          const [tip, at] = [grasp.target.point(criterion.tip), goal.point(criterion.at)];
          const distance = Math.hypot(tip[0] - at[0], tip[1] - at[1], tip[2] - at[2]);
          nearest = Math.min(nearest, distance);
          return grasp.lifted && distance < criterion.within;
        },
        cause: (held) =>
          grasp.cause ??
          (held
            ? `${target} did not stay at ${receptacle}`
            : `the tip of ${target} came within ${(100 * nearest).toFixed(1)} cm of ${receptacle}`),
      };
    }
    case 'opened': {
      let opening = simulation.opening(target);
      const start = opening;
      return {
        look: () => {
          look();
          opening = simulation.opening(target);
          const there = opening >= criterion.at_least && opening <= criterion.at_most;
          return there && grasp.handDistance > criterion.released;
        },
        cause: (held) => {
          const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
          if (held) return `${target} did not stay, or too late`;
          const way = `from ${percent(start)} to ${percent(opening)}`;
          return Math.abs(opening - start) < 0.05 ? `${target} was not moved` : `${target} was moved ${way} only`;
        },
      };
    }
    case 'reached': {
      const untouched = new Map(criterion.untouched.map((name) => [simulation.body(name), name]));
      const scene = new Set([0, ...simulation.sceneBodies]);
      let touched: string | undefined;
      return {
        look: () => {
          look();
          for (const [a, b] of untouched.size === 0 ? [] : simulation.touching()) {
            if (!scene.has(a)) touched ??= untouched.get(b);
            if (!scene.has(b)) touched ??= untouched.get(a);
          }
          return touched === undefined && grasp.handDistance < criterion.within;
        },
        cause: (held) => {
          if (touched !== undefined) return `${touched} was touched`;
          return held ? `the hand did not stay at ${target}` : `${target} was not reached`;
        },
      };
    }
  }
}
