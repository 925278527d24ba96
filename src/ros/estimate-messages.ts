import { type BaseEstimate, describeEstimatorFaults } from '../estimation/base-estimate.js';
import type { BaseEstimator } from '../estimation/base-estimator.js';
import type { BodyState } from '../estimation/body-state.js';
import { ERROR_SIZE, Part } from '../estimation/error-covariance.js';
import { poseCovariance, twistCovariance } from '../estimation/estimate-covariance.js';
import type { MessageInput, Stamp } from './messages.js';

/** Standard deviation of one sample of a gyro, rad/s: what the covariance of the angular velocity has at least. */
const GYRO_SAMPLE = 0.008;

/** The estimate as odometry: pose in odom, twist in base_link's axes, both with covariance. */
export function odometryMessage(
  { estimate, filter }: BaseEstimator,
  frames: { readonly odom: string; readonly base: string },
  stamp: Stamp,
): MessageInput<'nav_msgs/msg/Odometry'> {
  const { position, orientation, velocity: v, angularVelocity } = estimate;
  const r = filter.rotation;
  const [pose, twist] = [new Float64Array(36), new Float64Array(36)];
  poseCovariance(filter, pose);
  twistCovariance(filter, GYRO_SAMPLE, twist);
  return {
    header: { stamp, frame_id: frames.odom },
    child_frame_id: frames.base,
    pose: { pose: { position: vector(position), orientation: quaternion(orientation) }, covariance: pose },
    twist: {
      twist: {
        linear: {
          x: r[0] * v[0] + r[3] * v[1] + r[6] * v[2],
          y: r[1] * v[0] + r[4] * v[1] + r[7] * v[2],
          z: r[2] * v[0] + r[5] * v[1] + r[8] * v[2],
        },
        angular: vector(angularVelocity),
      },
      covariance: twist,
    },
  };
}

/**
 * odom → base_link and base_link → base_footprint (REP-120): on the floor below the middle of the soles, level, with
 * base_link's heading.
 * @param soles their middles, m, odom
 */
export function baseTransforms(
  { position: p, orientation }: BaseEstimate,
  soles: readonly [Float64Array, Float64Array],
  frames: { readonly odom: string; readonly base: string; readonly footprint: string },
  stamp: Stamp,
): MessageInput<'tf2_msgs/msg/TFMessage'> {
  const [x, y, z, w] = orientation;
  const yaw = Math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z));
  const [left, right] = soles;
  // The footprint in base_link: conj(q)·(f − p), conj(q)⊗q_z(yaw).
  const f = [0.5 * (left[0] + right[0]) - p[0], 0.5 * (left[1] + right[1]) - p[1], Math.min(left[2], right[2]) - p[2]];
  const [tx, ty, tz] = [-y * f[2] + z * f[1], -z * f[0] + x * f[2], -x * f[1] + y * f[0]];
  const [c, s] = [Math.cos(yaw / 2), Math.sin(yaw / 2)];
  return {
    transforms: [
      {
        header: { stamp, frame_id: frames.odom },
        child_frame_id: frames.base,
        transform: { translation: vector(p), rotation: quaternion(orientation) },
      },
      {
        header: { stamp, frame_id: frames.base },
        child_frame_id: frames.footprint,
        transform: {
          translation: {
            x: f[0] + 2 * (w * tx - y * tz + z * ty),
            y: f[1] + 2 * (w * ty - z * tx + x * tz),
            z: f[2] + 2 * (w * tz - x * ty + y * tx),
          },
          rotation: { x: -x * c - y * s, y: -y * c + x * s, z: w * s - z * c, w: w * c + z * s },
        },
      },
    ],
  };
}

/** What the estimator knows beside the pose. @param faults of all cycles since the last message */
export function bodyStateMessage(
  estimator: BaseEstimator,
  body: BodyState,
  faults: number,
): MessageInput<'cosmos_humanoid/msg/BodyState'> {
  const { estimate, filter } = estimator;
  return {
    contact_probability: estimate.contact,
    contact: [0, 1].map((foot) => estimator.carries(foot)),
    contact_force: [0, 1].map((foot) => estimator.soleForce(foot)),
    left_sole: vector(body.soles[0]),
    right_sole: vector(body.soles[1]),
    center_of_mass: vector(body.centerOfMass),
    center_of_mass_velocity: vector(body.centerOfMassVelocity),
    divergent_component: vector(body.divergentComponent),
    support_margin: body.supportMargin,
    divergent_margin: body.divergentMargin,
    gyro_bias: vector(filter.gyroBias),
    accelerometer_bias: vector(filter.accelerometerBias),
    position_variance: variances(filter.covariance, Part.position),
    velocity_variance: variances(filter.covariance, Part.velocity),
    orientation_variance: variances(filter.covariance, Part.orientation),
    faults,
    fault_descriptions: describeEstimatorFaults(faults),
  };
}

function variances(covariance: Float64Array, part: number): Float64Array {
  return Float64Array.from({ length: 3 }, (_, k) => covariance[(part + k) * (ERROR_SIZE + 1)]);
}

function vector(values: Float64Array): { x: number; y: number; z: number } {
  return { x: values[0], y: values[1], z: values[2] };
}

function quaternion(values: Float64Array): { x: number; y: number; z: number; w: number } {
  return { x: values[0], y: values[1], z: values[2], w: values[3] };
}
