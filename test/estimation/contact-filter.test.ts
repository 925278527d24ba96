import { expect } from 'chai';
import { ContactFilter } from '../../src/estimation/contact-filter.js';
import { ERROR_SIZE, GRAVITY, Part } from '../../src/estimation/error-covariance.js';
import { filterError, MOTION_SIZE, normalisedError } from '../../src/evaluation/consistency.js';
import { Random } from '../../src/math/random.js';
import { matrixFromQuaternion, multiplyByTransposed, rotate, turnQuaternion } from '../../src/math/rotation.js';

const NOISE = {
  gyro: 1e-3,
  accelerometer: 1e-2,
  gyroBias: 1e-4,
  accelerometerBias: 1e-3,
  foot: 1e-3,
  kinematics: 1e-3,
  floor: 0.01,
};
const STEP = 0.001;
/** Standard deviations of the start: rad, m/s, rad/s, m/s². */
const START = { tilt: 0.05, velocity: 0.2, gyroBias: 0.02, accelerometerBias: 0.1 };

/** A base that sways and turns above two feet that stand still, and its sensors, with the noise that the filter assumes. */
class World {
  readonly orientation = Float64Array.of(0.02, -0.03, 0.2, Math.sqrt(1 - 0.0413));
  readonly rotation = new Float64Array(9);
  readonly position = Float64Array.of(-0.1, 0.05, 0.85);
  readonly velocity = new Float64Array(3);
  readonly feet = [Float64Array.of(0, 0.13, 0), Float64Array.of(0, -0.13, 0)] as const;
  readonly gyroBias = new Float64Array(3);
  readonly accelerometerBias = new Float64Array(3);
  readonly gyro = new Float64Array(3);
  readonly force = new Float64Array(3);
  readonly soles = [new Float64Array(3), new Float64Array(3)] as const;
  readonly #random: Random;
  #time = 0;

  constructor(random: Random) {
    this.#random = random;
    turnQuaternion(this.orientation, 0, 0, 0, true);
    matrixFromQuaternion(this.orientation, this.rotation);
    for (let k = 0; k < 3; k++) {
      this.gyroBias[k] = random.normal(0, START.gyroBias);
      this.accelerometerBias[k] = random.normal(0, START.accelerometerBias);
    }
    this.measureFeet();
  }

  /** Moves on by one step, at constant rate and acceleration within it; sets `gyro` and `force`. */
  step(): void {
    const random = this.#random;
    this.#time += STEP;
    const t = this.#time;
    const rate = [0.4 * Math.cos(3 * t), 0.3 * Math.sin(2 * t), 0.5 * Math.cos(1.3 * t)];
    const acceleration = [0.5 * Math.cos(4 * t), 0.4 * Math.sin(3 * t), 0.3 * Math.cos(5 * t)];
    for (let k = 0; k < 3; k++) this.force[k] = acceleration[k] + (k === 2 ? GRAVITY : 0);
    rotate(transposed(this.rotation), this.force, this.force);
    for (let k = 0; k < 3; k++) {
      this.gyroBias[k] += random.normal(0, NOISE.gyroBias * Math.sqrt(STEP));
      this.accelerometerBias[k] += random.normal(0, NOISE.accelerometerBias * Math.sqrt(STEP));
      this.gyro[k] = rate[k] + this.gyroBias[k] + random.normal(0, NOISE.gyro / Math.sqrt(STEP));
      this.force[k] += this.accelerometerBias[k] + random.normal(0, NOISE.accelerometer / Math.sqrt(STEP));
      this.position[k] += (this.velocity[k] + 0.5 * acceleration[k] * STEP) * STEP;
      this.velocity[k] += acceleration[k] * STEP;
      for (const foot of this.feet) foot[k] += random.normal(0, NOISE.foot * Math.sqrt(STEP));
    }
    turnQuaternion(this.orientation, rate[0] * STEP, rate[1] * STEP, rate[2] * STEP, true);
    matrixFromQuaternion(this.orientation, this.rotation);
    this.measureFeet();
  }

  measureFeet(): void {
    this.soles.forEach((sole, foot) => {
      for (let k = 0; k < 3; k++) sole[k] = this.feet[foot][k] - this.position[k];
      rotate(transposed(this.rotation), sole, sole);
      for (let k = 0; k < 3; k++) sole[k] += this.#random.normal(0, NOISE.kinematics);
    });
  }
}

function transposed(m: Float64Array): Float64Array {
  return Float64Array.of(m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]);
}

/** A filter that starts with errors drawn from its covariance. */
function startFilter(world: World, random: Random): ContactFilter {
  const filter = new ContactFilter(NOISE);
  filter.clear();
  filter.orientation.set(world.orientation);
  const tilt = [random.normal(0, START.tilt), random.normal(0, START.tilt)];
  turnQuaternion(filter.orientation, tilt[0], tilt[1], 0, false);
  matrixFromQuaternion(filter.orientation, filter.rotation);
  filter.covariance[0] = START.tilt ** 2;
  filter.covariance[ERROR_SIZE + 1] = START.tilt ** 2;
  filter.inflate(Part.velocity, START.velocity ** 2);
  filter.inflate(Part.gyroBias, START.gyroBias ** 2);
  filter.inflate(Part.accelerometerBias, START.accelerometerBias ** 2);
  // ξ_p = 0 at the start: p̂ = exp(ξ_R)·p.
  const turned = new Float64Array(9);
  multiplyByTransposed(filter.rotation, world.rotation, turned);
  rotate(turned, world.position, filter.position);
  for (let k = 0; k < 3; k++) filter.velocity[k] = random.normal(0, START.velocity);
  for (const foot of [0, 1]) filter.place(foot, world.soles[foot]);
  return filter;
}

function cycle(filter: ContactFilter, world: World): void {
  world.step();
  filter.predict(world.gyro, world.force, STEP);
  for (const foot of [0, 1]) filter.updateFoot(foot, world.soles[foot]);
  filter.correct();
}

describe('ContactFilter', () => {
  it('has errors as large as its covariance says', () => {
    const runs = 20;
    const sums = new Map<number, number>();
    for (let run = 0; run < runs; run++) {
      const random = new Random(run);
      const world = new World(random);
      const filter = startFilter(world, random);
      for (let k = 1; k <= 1200; k++) {
        cycle(filter, world);
        if (k % 400 === 0) sums.set(k, (sums.get(k) ?? 0) + normalisedError(filter, world));
      }
      expect(filter.sound).to.equal(true);
    }
    // The mean of 20 χ² variables of 9 degrees of freedom has a standard deviation of 0.95.
    for (const [k, sum] of sums)
      expect(sum / runs, `after ${k} cycles`).to.be.within(MOTION_SIZE - 2.9, MOTION_SIZE + 2.9);
  });

  it('finds tilt, velocity and biases from a wrong start, but neither heading nor position', () => {
    const random = new Random(5);
    const world = new World(random);
    const filter = startFilter(world, random);
    const heading = filter.covariance[(Part.orientation + 2) * (ERROR_SIZE + 1)];
    let worst = 0;
    for (let k = 0; k < 10_000; k++) {
      cycle(filter, world);
      worst = Math.max(worst, Math.abs(filterError(filter, world)[0]));
    }
    const error = filterError(filter, world);
    expect(worst).to.be.above(0.02);
    for (let k = 0; k < 2; k++) expect(Math.abs(error[k])).to.be.below(0.01);
    for (let k = 3; k < 6; k++) expect(Math.abs(error[k])).to.be.below(0.02);
    for (let k = 0; k < 3; k++) expect(filter.gyroBias[k]).to.be.closeTo(world.gyroBias[k], 5e-3);
    expect(filter.covariance[(Part.orientation + 2) * (ERROR_SIZE + 1)]).to.be.above(heading + 1e-6);
    for (let k = 0; k < 3; k++) {
      // Never more certain than the feet, which walk at random.
      const variance = filter.covariance[(Part.position + k) * (ERROR_SIZE + 1)];
      expect(variance).to.be.above(0.4 * NOISE.foot ** 2 * 10);
    }
  });

  it('places a foot that lands where kinematics sees it, and no better known than the base', () => {
    const random = new Random(6);
    const world = new World(random);
    const filter = startFilter(world, random);
    for (let k = 0; k < 200; k++) cycle(filter, world);
    world.feet[1].set([0.3, -0.2, 0.05]);
    world.measureFeet();
    expect(filter.innovation(1, world.soles[1])).to.be.above(50);
    filter.place(1, world.soles[1]);
    expect(filter.innovation(1, world.soles[1])).to.be.below(1e-6);
    for (let k = 0; k < 3; k++) expect(filter.feet[1][k]).to.be.closeTo(world.feet[1][k], 0.05);
    const base = filter.covariance[Part.position * (ERROR_SIZE + 1)];
    const foot = filter.covariance[Part.rightFoot * (ERROR_SIZE + 1)];
    expect(foot).to.be.closeTo(base + NOISE.kinematics ** 2, 1e-12);
  });

  it('knows level soles and rest', () => {
    const random = new Random(7);
    const world = new World(random);
    const filter = startFilter(world, random);
    const sole = transposed(world.rotation);
    for (let k = 0; k < 3000; k++) filter.updateLevel(sole, STEP);
    for (let k = 0; k < 100; k++) filter.updateRest(0.01);
    filter.correct();
    const error = filterError(filter, world);
    for (let k = 0; k < 2; k++) expect(Math.abs(error[k])).to.be.below(2e-3);
    for (let k = 3; k < 6; k++) expect(Math.abs(error[k])).to.be.below(5e-3);
  });

  it('says when its numbers are of no use', () => {
    const filter = new ContactFilter(NOISE);
    expect(filter.sound).to.equal(true);
    filter.covariance[5] = Number.NaN;
    expect(filter.sound).to.equal(false);
    filter.clear();
    expect(filter.sound).to.equal(true);
    filter.covariance[0] = -1;
    expect(filter.sound).to.equal(false);
    filter.clear();
    filter.velocity[1] = Number.POSITIVE_INFINITY;
    expect(filter.sound).to.equal(false);
  });
});
