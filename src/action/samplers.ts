/**
 * Velocity field of a flow: how the samples `state` move at `time` (0 noise … 1 data). Returns as many numbers as
 * `state` has; must not keep or change `state`.
 */
export type VelocityField = (state: Float32Array, time: number) => Promise<Float32Array>;

/**
 * Samples by flow matching (Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023) along the straight
 * path x_t = (1 − t)·noise + t·data, whose velocity is data − noise.
 *
 * @param noise standard normal numbers, any shape; not changed
 * @param steps Euler steps, at least 1
 * @returns the samples at t = 1, in the shape of `noise`
 * @throws RangeError for a bad step count; Error when the field returns another length or a value that is not finite
 */
export async function integrateFlow(
  noise: Float32Array,
  steps: number,
  velocity: VelocityField,
): Promise<Float32Array> {
  if (!Number.isInteger(steps) || steps < 1) throw new RangeError(`flow sampler: ${steps} steps; at least 1 is needed`);
  const state = Float32Array.from(noise);
  for (let i = 0; i < steps; i++) {
    // x_{i+1} = x_i + v(x_i, i/n)/n
    const v = await velocity(state, i / steps);
    if (v.length !== state.length) {
      throw new Error(`flow sampler: the velocity has ${v.length} values, the samples have ${state.length}`);
    }
    for (let j = 0; j < state.length; j++) {
      state[j] = state[j]! + v[j]! / steps;
      if (!Number.isFinite(state[j])) throw new Error(`flow sampler: value ${j} is ${state[j]} after step ${i + 1}`);
    }
  }
  return state;
}
