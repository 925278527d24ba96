import type { RobotState } from '../hardware.js';
import { EMERGENCY_STOP_BUTTONS, LowState } from './low-state.js';
import { HAND_JOINTS, type JointMap, MOTORS, SIDES } from './motors.js';
import { CRC_ERRORS, CRC_WINDOW, HAND_TIMEOUT, HOT, RobotFault, STATE_TIMEOUT } from './robot-fault.js';
import { createHandState, type RobotLink } from './robot-link.js';
import type { Readiness } from './start-gate.js';
import type { SupplyLimits } from './supply-limits.js';
import { SupplyWatch } from './supply-watch.js';

/**
 * What the robot says, and what is wrong with it. Messages whose CRC is wrong are dropped and counted. Real-time safe
 * but for `readiness`.
 */
export class RobotReport {
  /** The latest LowState that was intact. */
  readonly state = new LowState();
  readonly hands = { left: createHandState(), right: createHandState() };
  readonly #link: RobotLink;
  readonly #map: JointMap;
  readonly #incoming = new LowState();
  readonly #incomingArrival = new Float64Array(1);
  readonly #take: () => boolean;
  readonly #stateTimeout: number;
  readonly #handTimeout: number;
  readonly #supply: SupplyWatch;
  #arrival = 0;
  #crcErrors = 0;
  #windowErrors = 0;
  #windowStart = 0;
  #faults = 0;

  /** @param supply limits of the motors' supply @param patience factor on the limits of silence */
  constructor(link: RobotLink, map: JointMap, supply: SupplyLimits, patience: number) {
    this.#supply = new SupplyWatch(supply);
    this.#stateTimeout = patience * STATE_TIMEOUT;
    this.#handTimeout = patience * HAND_TIMEOUT;
    this.#link = link;
    this.#map = map;
    this.#take = link.stateReader(this.#incoming.bytes, this.#incomingArrival);
  }

  /** Faults present at the last update, a mask of RobotFault. */
  get faults(): number {
    return this.#faults;
  }

  /** Takes in what has come. @param now s @returns the faults that are present */
  update(now: number): number {
    if (now - this.#windowStart > CRC_WINDOW) this.#windowErrors = 0;
    if (this.#take()) {
      if (this.#incoming.intact) {
        this.state.bytes.set(this.#incoming.bytes);
        this.#arrival = this.#incomingArrival[0];
      } else {
        if (this.#windowErrors === 0) this.#windowStart = now;
        this.#windowErrors++;
        this.#crcErrors++;
      }
    }
    for (let s = 0; s < SIDES.length; s++) this.#link.readHand(SIDES[s], this.hands[SIDES[s]]);
    this.#faults = this.#judge(now);
    this.#link.reportFaults(this.#faults, this.#crcErrors);
    return this.#faults;
  }

  /** Fills a state with the latest measurements; the soles' wrenches are not measured and stay as they are. */
  write(out: RobotState): void {
    const { state } = this;
    const { body, hands } = this.#map;
    for (let i = 0; i < body.length; i++) {
      const j = body[i];
      out.position[j] = state.q(i);
      out.velocity[j] = state.dq(i);
      out.effort[j] = state.tau(i);
    }
    for (let s = 0; s < SIDES.length; s++) {
      const joints = hands[SIDES[s]];
      const hand = this.hands[SIDES[s]];
      for (let k = 0; k < HAND_JOINTS; k++) {
        const j = joints[k];
        out.position[j] = hand.position[k];
        out.velocity[j] = hand.velocity[k];
        out.effort[j] = hand.effort[k];
      }
    }
    state.readOrientation(out.orientation);
    state.readInertial(out.angularVelocity, out.linearAcceleration);
  }

  /** What the start-up gate judges. @param now s */
  readiness(now: number): Readiness {
    const { state, hands } = this;
    const { foreign, confirmed, stopRequested } = this.#link;
    return {
      state,
      heard: now - this.#arrival <= this.#stateTimeout,
      crcErrors: this.#windowErrors,
      hands,
      handsHeard: {
        left: now - hands.left.arrival <= this.#handTimeout,
        right: now - hands.right.arrival <= this.#handTimeout,
      },
      foreign,
      confirmed,
      stopRequested,
    };
  }

  #judge(now: number): number {
    const { state } = this;
    let faults = 0;
    if (now - this.#arrival > this.#stateTimeout) faults |= RobotFault.stateLost;
    if (this.#windowErrors >= CRC_ERRORS) faults |= RobotFault.crc;
    for (let i = 0; i < MOTORS.length; i++) {
      if (state.error(i) !== 0) faults |= RobotFault.motor;
      if (state.temperature(i) >= HOT) faults |= RobotFault.overheated;
    }
    // Before the first LowState there is no supply to judge.
    if (this.#arrival > 0) faults |= this.#supply.update(state, now);
    if (now - this.hands.left.arrival > this.#handTimeout) faults |= RobotFault.leftHandLost;
    if (now - this.hands.right.arrival > this.#handTimeout) faults |= RobotFault.rightHandLost;
    if (this.#link.foreign > 0) faults |= RobotFault.foreignController;
    if ((state.buttons & EMERGENCY_STOP_BUTTONS) === EMERGENCY_STOP_BUTTONS) faults |= RobotFault.remoteStop;
    return faults;
  }
}
