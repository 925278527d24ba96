import { SafetyWordSender, STOP_ONLY } from '../control/safety-link.js';
import { StopMode } from '../control/stop-state.js';

/** A word that stops the loop is repeated after these times, ms, since datagrams may be lost. */
const REPETITIONS = [2, 5, 10];

/** Stops the loop by the safety link, past ROS and past safety_monitor. */
export class StopWords {
  readonly #link: SafetyWordSender;
  #closed = false;

  /** @param port where joint_controller listens */
  constructor(port: number) {
    this.#link = new SafetyWordSender(port, STOP_ONLY);
  }

  send(): void {
    this.#tell();
    for (const delay of REPETITIONS) setTimeout(() => this.#tell(), delay);
  }

  close(): void {
    this.#closed = true;
    this.#link.close();
  }

  #tell(): void {
    if (!this.#closed) this.#link.send(StopMode.damping, 1, 0);
  }
}
