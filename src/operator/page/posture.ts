import type { URDFRobot } from 'urdf-loader';

/** A joint that has moved by less is drawn as it was, rad: at arm's length, less than a dot. */
const STILL = 2e-3;

/** Positions of joints, rad. */
export interface Positions {
  readonly names: readonly string[];
  readonly positions: ArrayLike<number>;
}

/** The joints of a model: as the latest message has them, and as they are drawn. */
export class Posture {
  #read: (() => Positions | undefined) | undefined;
  #drawn: ArrayLike<number> = [];

  /** Takes a message in. @param read reads it; only that of the latest is called */
  take(read: () => Positions | undefined): void {
    this.#read = read;
  }

  /** Has the next message drawn, whatever it says: the model is another one. */
  forget(): void {
    this.#drawn = [];
  }

  /** Moves a model as the latest message says. @returns whether that is to be seen */
  apply(model: URDFRobot): boolean {
    const latest = this.#read?.();
    this.#read = undefined;
    if (latest === undefined || !isApart(latest.positions, this.#drawn)) return false;
    const { names, positions } = latest;
    for (let i = 0; i < names.length; i++) model.setJointValue(names[i]!, positions[i]!);
    this.#drawn = positions;
    return true;
  }
}

function isApart(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let i = 0; i < a.length; i++) if (!(Math.abs(a[i]! - b[i]!) < STILL)) return true;
  return false;
}

/** Farthest that a joint of one model is from the same of another, rad. */
export function distance({ joints }: URDFRobot, other: URDFRobot): number {
  return Object.keys(joints).reduce(
    (most, name) => Math.max(most, Math.abs(Number(joints[name]!.angle) - Number(other.joints[name]!.angle))),
    0,
  );
}
