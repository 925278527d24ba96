import type { FilterNoise } from './error-covariance.js';
import { CONTACT_DEFAULTS, type ContactOptions } from './foot-contact.js';

export interface EstimatorOptions {
  readonly noise: FilterNoise;
  readonly contact: ContactOptions;
  /** Time after which measurements, of the inertial unit or of both legs, that repeat themselves bit by bit are not alive, s. */
  readonly freeze: number;
}

/**
 * Noise densities are those of `SENSOR_NOISE_DEFAULTS` with a margin for vibration; a foot's random walk covers the
 * creep of a loaded sole, the kinematics' deviation encoders, elasticity and the sole's shape; floors are level within
 * 4 mrad (DIN 18202: 4 mm over 1 m), which is believed after five seconds.
 */
export const ESTIMATOR_DEFAULTS: EstimatorOptions = {
  noise: {
    gyro: 4e-4,
    accelerometer: 4e-3,
    gyroBias: 2e-5,
    accelerometerBias: 2e-4,
    foot: 1e-3,
    kinematics: 1e-3,
    floor: 4e-3 * Math.sqrt(5),
  },
  contact: CONTACT_DEFAULTS,
  freeze: 0.02,
};
