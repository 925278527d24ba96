/** What is wrong with the robot: one bit each. Every one of them stops it (damping). */
export const RobotFault = {
  stateLost: 1 << 0,
  crc: 1 << 1,
  motor: 1 << 2,
  overheated: 1 << 3,
  leftHandLost: 1 << 4,
  rightHandLost: 1 << 5,
  foreignController: 1 << 6,
  remoteStop: 1 << 7,
  supplyLow: 1 << 8,
  supplyHigh: 1 << 9,
} as const;
export type RobotFault = (typeof RobotFault)[keyof typeof RobotFault];

/** Longest silence of LowState, s. */
export const STATE_TIMEOUT = 0.02;
/** Longest silence of a hand, s. */
export const HAND_TIMEOUT = 0.1;
/** So many wrong CRCs within CRC_WINDOW are no accident; the messages themselves are dropped from the first one on. */
export const CRC_ERRORS = 3;
/** s */
export const CRC_WINDOW = 1;
/** Motors are given less torque from here on, °C, … */
export const WARM = 80;
/** … and none from here, °C. */
export const HOT = 100;
/** Share of its torque limit that a motor has just below HOT. */
const TORQUE_WHEN_HOT = 0.4;

const DESCRIPTIONS: Readonly<Record<keyof typeof RobotFault, string>> = {
  stateLost: 'LowState stays away: check the robot and the network',
  crc: `${CRC_ERRORS} LowStates with a wrong CRC within ${CRC_WINDOW} s: check network and firmware`,
  motor: 'a motor reports an error',
  overheated: `a motor is hotter than ${HOT} °C`,
  leftHandLost: 'the joint states of the left hand stay away',
  rightHandLost: 'the joint states of the right hand stay away',
  foreignController: 'somebody else publishes on /lowcmd: stop it',
  remoteStop: 'emergency stop on the remote control (L2 + B)',
  supplyLow: 'the supply of a motor is too low: charge or change the battery',
  supplyHigh: 'the supply of a motor is too high: check the battery',
};

/** Names the faults in a mask, in words. */
export function describeFaults(mask: number): string[] {
  return Object.entries(RobotFault)
    .filter(([, bit]) => (mask & bit) !== 0)
    .map(([key]) => DESCRIPTIONS[key as keyof typeof RobotFault]);
}

/** Share of its torque limit that a motor of this temperature may have. @param temperature °C */
export function torqueShare(temperature: number): number {
  if (temperature >= HOT) return 0;
  return Math.min(1, 1 - ((temperature - WARM) / (HOT - WARM)) * (1 - TORQUE_WHEN_HOT));
}
