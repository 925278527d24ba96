/** Something that says where some of the joints are to be at a time. */
export interface JointSampler {
  /** The joints, as indices into the joint vector. */
  readonly joints: Int32Array;
  /**
   * Allocates nothing.
   * @param time along the path, s (see ProgressClock) @param positions all joints, rad; those of `joints` are written
   */
  sample(time: number, positions: Float64Array): void;
}
