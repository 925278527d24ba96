/**
 * A hoist over the robot: straps of equal pull from a level spreader, by which it hangs when they are drawn in. A drive
 * moves them and a load cell weighs what they bear. Everything is real-time safe.
 */
export interface Hoist {
  /** Takes the straps up to where they are neither slack nor taut, over the robot as it stands now. */
  attach(): void;
  /** Lets the straps go slack. */
  detach(): void;
  /** Draws the straps in by `length`, m; negative: pays them out. Without effect on straps that are not attached. */
  draw(length: number): void;
  /** Length drawn in since `attach`, m. */
  readonly drawn: number;
  /** Force on all straps together, N. */
  readonly load: number;
}
