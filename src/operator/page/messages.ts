/** The messages that the page reads, as far as it does. Times as ROS has them. */
export interface Time {
  readonly sec: number;
  readonly nanosec: number;
}
interface Header {
  readonly stamp: Time;
}
export interface Vector {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}
interface Pose {
  readonly position: Vector;
}
export interface JointState {
  readonly name: readonly string[];
  readonly position: Float64Array;
}
export interface JointTrajectory {
  readonly joint_names: readonly string[];
  readonly points: readonly { readonly positions: Float64Array }[];
}
export interface ActionChunk {
  readonly header: Header;
  readonly published: Time;
  readonly poses: readonly Pose[];
}
export interface ActionPrediction {
  readonly header: Header;
  readonly published: Time;
  readonly policy: string;
  readonly num_candidates: number;
  readonly horizon: number;
  readonly dimension: number;
  /** num_candidates × horizon × dimension; an action begins with its displacement, m. */
  readonly candidates: Float64Array;
  readonly weights: Float64Array;
  readonly best: number;
  /** Why each candidate is not carried out. */
  readonly rejections: readonly string[];
  readonly confidence: number;
  readonly feasibility: number;
  readonly objects: readonly { readonly name: string; readonly pose: Pose; readonly position_deviation: number }[];
}
export interface HandReference {
  readonly header: Header;
  readonly published: Time;
  readonly observation_stamp: Time;
}
export interface ControllerState {
  readonly mode: number;
  readonly mode_since: Time;
  readonly stop_causes: readonly string[];
  readonly reference_stamp: Time;
  readonly reference_applied: Time;
  readonly position_error: Float64Array;
  readonly torque: Float64Array;
  readonly timing: {
    readonly late_p50: number;
    readonly late_p99: number;
    readonly late_max: number;
    readonly cycles: bigint;
    readonly missed: bigint;
  };
}
export interface SafetyState {
  readonly level: number;
  readonly category: number;
  readonly reasons: readonly string[];
  readonly latched: boolean;
}
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly encoding: string;
  readonly data: Uint8Array;
}
/** sensor_msgs/PointCloud2; of the fields only x, y, z (FLOAT32) and rgb are read. */
export interface PointCloud {
  readonly width: number;
  readonly height: number;
  readonly point_step: number;
  readonly fields: readonly { readonly name: string; readonly offset: number }[];
  readonly data: Uint8Array;
}
export interface DiagnosticStatus {
  readonly level: number;
  /** 'NODE: COMPONENT' */
  readonly name: string;
  readonly message: string;
  readonly values: readonly { readonly key: string; readonly value: string }[];
}
export interface DiagnosticArray {
  readonly status: readonly DiagnosticStatus[];
}
export interface Text {
  readonly data: string;
}

/** s */
export function seconds({ sec, nanosec }: Time): number {
  return sec + 1e-9 * nanosec;
}
