import type { JointParameters } from '../joint-parameters.js';
import { EMERGENCY_STOP_BUTTONS, type LowState } from './low-state.js';
import { type JointMap, MOTORS, SIDES, type Side } from './motors.js';
import { HOT } from './robot-fault.js';
import type { HandState } from './robot-link.js';
import type { SupplyLimits } from './supply-limits.js';

/** A joint may be past its limit by this much when the robot starts, rad: limits are soft, postures rest on stops. */
const MARGIN = 0.1;
/** Names that fit into an error; more are counted. */
const NAMES = 6;

/** What is known of the robot before it starts. */
export interface Readiness {
  /** The latest intact one, and whether it is fresh. */
  readonly state: LowState;
  readonly heard: boolean;
  /** Wrong CRCs within the last second. */
  readonly crcErrors: number;
  readonly hands: Readonly<Record<Side, HandState>>;
  /** Whether their states are fresh. */
  readonly handsHeard: Readonly<Record<Side, boolean>>;
  readonly foreign: number;
  readonly confirmed: boolean;
  readonly stopRequested: boolean;
}

/**
 * What forbids the robot to start.
 * @returns a line for each thing that is missing, with its remedy; empty: it may start
 */
export function missingForStart(
  robot: Readiness,
  map: JointMap,
  parameters: JointParameters,
  supply: SupplyLimits,
): string[] {
  const missing: string[] = [];
  const { state, heard, crcErrors, hands, handsHeard, foreign, confirmed, stopRequested } = robot;
  if (crcErrors > 0) missing.push(`${crcErrors} LowStates with a wrong CRC: check network and firmware`);
  if (!heard) {
    missing.push('no LowState on /lowstate: switch the robot on; check network and ROS_DOMAIN_ID');
  } else {
    const motors = (holds: (motor: number) => boolean) => MOTORS.filter((_, motor) => holds(motor));
    const silent = motors((i) => !reports(state, i));
    if (silent.length > 0) missing.push(`motors that do not report: ${list(silent)}`);
    const faulty = motors((i) => state.error(i) !== 0);
    if (faulty.length > 0) missing.push(`motors that report an error: ${list(faulty)}`);
    const hot = motors((i) => state.temperature(i) >= HOT);
    if (hot.length > 0) missing.push(`motors hotter than ${HOT} °C: ${list(hot)}`);
    missing.push(...outsideSupply(state, supply));
    if ((state.buttons & EMERGENCY_STOP_BUTTONS) === EMERGENCY_STOP_BUTTONS) {
      missing.push('emergency stop pressed on the remote control (L2 + B): release it');
    }
    missing.push(...outside(map.body, (i) => state.q(i), parameters));
  }
  for (const side of SIDES) {
    const hand = hands[side];
    if (!handsHeard[side]) {
      missing.push(`no joint states of the ${side} hand on wave/${side}/joint_states: start its driver`);
    } else {
      missing.push(...outside(map.hands[side], (k) => hand.position[k], parameters));
    }
  }
  if (stopRequested) missing.push('the safety monitor demands an emergency stop: call safety/reset');
  if (foreign > 0)
    missing.push(`${foreign} other publishers on /lowcmd: stop the controller that drives the robot now`);
  if (!confirmed) {
    missing.push(
      'the operator has not confirmed: call joint_controller/confirm (std_srvs/srv/Trigger) beside the robot',
    );
  }
  return missing;
}

function reports(state: LowState, motor: number): boolean {
  return state.q(motor) !== 0 || state.voltage(motor) !== 0 || state.temperature(motor) !== 0;
}

/** Motors that report a supply beyond the limits; those that report nothing at all are named elsewhere. */
function outsideSupply(state: LowState, { lowest, highest }: SupplyLimits): string[] {
  const named = (holds: (voltage: number) => boolean) =>
    MOTORS.flatMap((name, i) =>
      reports(state, i) && holds(state.voltage(i)) ? [`${name} at ${state.voltage(i).toFixed(1)} V`] : [],
    );
  const low = named((voltage) => !(voltage >= lowest.stop));
  const high = named((voltage) => voltage > highest.stop);
  return [
    ...(low.length > 0 ? [`supply below ${lowest.stop} V: ${list(low)}: charge or change the battery`] : []),
    ...(high.length > 0 ? [`supply above ${highest.stop} V: ${list(high)}: check the battery`] : []),
  ];
}

/** Joints that are not finite or beyond their limits. */
function outside(
  joints: Int32Array,
  position: (k: number) => number,
  { names, lower, upper }: JointParameters,
): string[] {
  const found: string[] = [];
  joints.forEach((j, k) => {
    const q = position(k);
    if (q >= lower[j] - MARGIN && q <= upper[j] + MARGIN) return;
    found.push(`${names[j]} at ${q.toFixed(3)} rad, allowed ${lower[j].toFixed(3)} … ${upper[j].toFixed(3)}`);
  });
  return found.length === 0 ? [] : [`posture outside the limits: ${list(found)}`];
}

function list(items: readonly string[]): string {
  const more = items.length - NAMES;
  return more > 0 ? `${items.slice(0, NAMES).join(', ')} and ${more} more` : items.join(', ');
}
