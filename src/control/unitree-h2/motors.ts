const LEG = ['hip_pitch', 'hip_roll', 'hip_yaw', 'knee', 'ankle_roll', 'ankle_pitch'];
const ARM = ['shoulder_pitch', 'shoulder_roll', 'shoulder_yaw', 'elbow', 'wrist_roll', 'wrist_pitch', 'wrist_yaw'];

const joints = (prefix: string, names: readonly string[]) => names.map((name) => `${prefix}${name}_joint`);

/** Joints of the body in the order of `motor_cmd` and `motor_state`, by their names in the URDF. */
export const MOTORS: readonly string[] = [
  ...joints('left_', LEG),
  ...joints('right_', LEG),
  ...joints('waist_', ['yaw', 'roll', 'pitch']),
  ...joints('left_', ARM),
  ...joints('right_', ARM),
  ...joints('head_', ['pitch', 'yaw']),
];

/** Motors the messages have room for. */
export const MOTOR_SLOTS = 35;

export const SIDES = ['left', 'right'] as const;
export type Side = (typeof SIDES)[number];

const FINGER = ['MCP_FE', 'MCP_AA', 'PIP', 'DIP'];
const FINGERS: Readonly<Record<string, readonly string[]>> = {
  thumb: ['CMC_FE', 'CMC_AA', 'MCP_FE', 'MCP_AA', 'DIP'],
  index: FINGER,
  middle: FINGER,
  ring: FINGER,
  pinky: ['CMC', ...FINGER],
};

/** Joints of a Sharpa hand. */
export const HAND_JOINTS = 22;

/** Names of a hand's joints in its driver's order. The driver calls the thumb's last joint DIP, the URDF IP. */
export function handDriverNames(side: Side): string[] {
  return Object.entries(FINGERS).flatMap(([finger, names]) => names.map((name) => `${side}_${finger}_${name}`));
}

/** The URDF's name of a joint that a hand's driver names. */
export function handJointName(driverName: string): string {
  return driverName.replace(/_thumb_DIP$/, '_thumb_IP');
}

/** Where each part of the robot has its joints in URDF order. */
export interface JointMap {
  /** URDF index of each motor. */
  readonly body: Int32Array;
  /** URDF index of each joint of the hands, in their drivers' order. */
  readonly hands: Readonly<Record<Side, Int32Array>>;
}

/**
 * Finds every motor and hand joint among the robot's joints.
 * @param names of the robot's joints, in URDF order
 * @throws Error naming joints that the robot lacks, or that nothing drives
 */
export function mapJoints(names: readonly string[]): JointMap {
  const find = (wanted: readonly string[]) => Int32Array.from(wanted, (name) => names.indexOf(name));
  const hand = (side: Side) => handDriverNames(side).map(handJointName);
  const map = { body: find(MOTORS), hands: { left: find(hand('left')), right: find(hand('right')) } };
  const wanted = [...MOTORS, ...hand('left'), ...hand('right')];
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`unitree_h2: the robot's description lacks ${missing.join(', ')}`);
  const undriven = names.filter((name) => !wanted.includes(name));
  if (undriven.length > 0) throw new Error(`unitree_h2: no motor drives ${undriven.join(', ')}`);
  return map;
}
