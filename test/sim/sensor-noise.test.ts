import { expect } from 'chai';
import { createRobotState } from '../../src/control/hardware.js';
import { SENSOR_NOISE_DEFAULTS, SensorNoise } from '../../src/sim/sensor-noise.js';

const JOINTS = 75;

/** Mean and standard deviation. */
function moments(values: readonly number[]): [number, number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
}

describe('SensorNoise', () => {
  const state = createRobotState(JOINTS);
  /** The exact measurement of a robot that stands still. */
  const measure = (noise: SensorNoise) => {
    for (const vector of [state.position, state.velocity, state.angularVelocity]) vector.fill(0);
    state.orientation.set([0, 0, 0, 1]);
    state.linearAcceleration.set([0, 0, 9.81]);
    for (const wrench of [state.leftFootWrench, state.rightFootWrench]) wrench.set([0, 0, 400, 0, 0, 0]);
    noise.apply(state);
    return state;
  };

  it('has the deviations it is asked for', () => {
    const noise = new SensorNoise(JOINTS, 4);
    const samples = Array.from({ length: 2000 }, () => structuredClone(measure(noise)));
    const { gyro, accelerometer, orientation, encoder, wrench } = SENSOR_NOISE_DEFAULTS;
    const column = (pick: (s: typeof state) => number) => moments(samples.map(pick));
    expect(column((s) => s.angularVelocity[1])[1]).to.be.closeTo(gyro.noise / Math.sqrt(0.001), 4e-4);
    expect(column((s) => s.linearAcceleration[2])[1]).to.be.closeTo(accelerometer.noise / Math.sqrt(0.001), 3e-3);
    expect(column((s) => s.angularVelocity[1])[0]).to.be.closeTo(noise.gyroBias[1], 1e-3);
    expect(column((s) => s.linearAcceleration[0])[0]).to.be.closeTo(noise.accelerometerBias[0], 5e-3);
    expect(column((s) => 2 * s.orientation[0])[1]).to.be.closeTo(orientation.noise, 1e-4);
    const quantised = Math.hypot(encoder.noise, encoder.resolution / Math.sqrt(12));
    expect(column((s) => s.position[7])[1]).to.be.closeTo(quantised, 5e-6);
    expect(column((s) => s.velocity[7])[1]).to.be.closeTo(encoder.velocity, 1e-3);
    expect(column((s) => s.leftFootWrench[0])[1]).to.be.closeTo(wrench.force, 0.06);
    expect(column((s) => s.rightFootWrench[4])[1]).to.be.closeTo(wrench.torque, 4e-3);
    const steps = samples.map((s) => s.position[7] / encoder.resolution);
    expect(steps.every((step) => Math.abs(step - Math.round(step)) < 1e-6)).to.equal(true);
    const offsets = moments([...samples[0].position]);
    expect(offsets[1]).to.be.closeTo(encoder.offset, 1.5e-4);
    expect(samples.every(({ orientation: q }) => Math.abs(Math.hypot(...q) - 1) < 1e-12)).to.equal(true);
  });

  it('is the same for the same seed, another for another', () => {
    const sequence = (seed: number) => {
      const noise = new SensorNoise(JOINTS, seed);
      return Array.from({ length: 5 }, () => structuredClone(measure(noise)));
    };
    expect(sequence(1)).to.deep.equal(sequence(1));
    expect(sequence(1)).not.to.deep.equal(sequence(2));
  });
});
