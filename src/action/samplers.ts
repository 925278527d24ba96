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
  checkSteps(steps);
  const state = Float32Array.from(noise);
  for (let i = 0; i < steps; i++) {
    // x_{i+1} = x_i + v(x_i, i/n)/n
    const v = checkVelocity(await velocity(state, i / steps), state.length, i);
    for (let j = 0; j < state.length; j++) state[j] = state[j]! + v[j]! / steps;
  }
  return state;
}

/**
 * Samples by diffusion (DDPM; Ho, Jain and Abbeel, "Denoising Diffusion Probabilistic Models", NeurIPS 2020) with the
 * network of a flow: the flow's point x_t = (1 − t)·ε + t·x is a diffusion's, scaled by c_t = √(t² + (1 − t)²), with
 * ᾱ_t = t²/c_t². Its velocity v tells the data, x̂ = x_t + (1 − t)·v, and the noise, ε̂ = x_t − t·v. A step from t to s:
 *
 * z_s = √ᾱ_s·x̂ + √(1 − ᾱ_s − σ²)·ε̂ + σ·n,  σ² = (1 − ᾱ_s)/(1 − ᾱ_t) · (1 − ᾱ_t/ᾱ_s)
 *
 * @param noise standard normal numbers, any shape; not changed
 * @param steps at least 1; the article has 50
 * @param normal draws a standard normal number
 * @returns the samples, in the shape of `noise`
 * @throws as {@link integrateFlow}
 */
export async function sampleDiffusion(
  noise: Float32Array,
  steps: number,
  velocity: VelocityField,
  normal: () => number,
): Promise<Float32Array> {
  checkSteps(steps);
  const square = (t: number) => t * t + (1 - t) * (1 - t);
  const alphaBar = (t: number) => (t * t) / square(t);
  const z = Float64Array.from(noise);
  const x = new Float32Array(noise.length);
  for (let i = 0; i < steps; i++) {
    const [t, s] = [i / steps, (i + 1) / steps];
    const scale = Math.sqrt(square(t));
    for (let j = 0; j < x.length; j++) x[j] = z[j]! * scale;
    const v = checkVelocity(await velocity(x, t), x.length, i);
    const last = i + 1 === steps;
    const variance = last ? 0 : ((1 - alphaBar(s)) / (1 - alphaBar(t))) * (1 - alphaBar(t) / alphaBar(s));
    const [data, own, fresh] = [
      Math.sqrt(alphaBar(s)),
      Math.sqrt(Math.max(1 - alphaBar(s) - variance, 0)),
      Math.sqrt(variance),
    ];
    for (let j = 0; j < x.length; j++) {
      z[j] = data * (x[j]! + (1 - t) * v[j]!) + own * (x[j]! - t * v[j]!) + (last ? 0 : fresh * normal());
    }
  }
  return Float32Array.from(z);
}

function checkSteps(steps: number): void {
  if (!Number.isInteger(steps) || steps < 1) throw new RangeError(`sampler: ${steps} steps; at least 1 is needed`);
}

function checkVelocity(v: Float32Array, length: number, step: number): Float32Array {
  if (v.length !== length) throw new Error(`sampler: the velocity has ${v.length} values, the samples have ${length}`);
  const bad = v.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new Error(`sampler: value ${bad} of the velocity is ${v[bad]} in step ${step + 1}`);
  return v;
}
