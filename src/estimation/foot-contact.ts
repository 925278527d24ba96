/** When a foot counts as loaded. */
export interface ContactOptions {
  /** Vertical force above which an unloaded foot becomes a loaded one, N, and below which a loaded one is no more. */
  readonly load: number;
  readonly release: number;
  /** Time constant of the force's filter, s. */
  readonly filterTime: number;
  /** How long the force has to last before a foot is relied on, s: the landing's impact is over then. */
  readonly settleTime: number;
}

export const CONTACT_DEFAULTS: ContactOptions = { load: 60, release: 25, filterTime: 0.004, settleTime: 0.01 };

/** Forces beyond this are no foot's, N. */
const LARGEST_FORCE = 10_000;
/** The middle and the width of the rise from 0 to 1 of the contact's probability, as shares of load − release. */
const MIDDLE = 0.5;
const WIDTH = 0.25;
/** The centre of pressure of a foot that stands firm is this far inside the sole, m: x behind and ahead, y aside. */
const FIRM = { behind: -0.06, ahead: 0.14, aside: 0.033 } as const;

/**
 * Whether a foot carries load: the force's low-pass against two thresholds (hysteresis). Where the sensor fails, a sole
 * on the floor counts as loaded. Real-time safe.
 */
export class FootContact {
  readonly #options: ContactOptions;
  #force = 0;
  #since = 0;
  #loaded = false;
  #firm = false;
  #valid = true;

  constructor(options: ContactOptions = CONTACT_DEFAULTS) {
    this.#options = options;
  }

  /** Whether the foot carries load, for long enough to be relied on. */
  get loaded(): boolean {
    return this.#loaded && this.#since >= this.#options.settleTime;
  }

  /** Whether it stands flat: loaded, with the centre of pressure well inside the sole. */
  get firm(): boolean {
    return this.loaded && this.#firm;
  }

  /** Filtered vertical force, N. */
  get force(): number {
    return this.#force;
  }

  /** Whether the last wrench was one. */
  get valid(): boolean {
    return this.#valid;
  }

  /** Probability that the foot carries load, 0 … 1: logistic in the force. */
  get probability(): number {
    const { load, release } = this.#options;
    const range = load - release;
    return 1 / (1 + Math.exp(-(this.#force - release - MIDDLE * range) / (WIDTH * range)));
  }

  /** Starts from a wrench, as if it had lasted. @param wrench on the sole, N and N·m @param onFloor if it is none */
  reset(wrench: Float64Array, onFloor: boolean): void {
    this.#since = 0;
    this.#force = 0;
    this.update(wrench, onFloor, 1e3);
    this.#since = this.#options.settleTime;
  }

  /** @param wrench on the sole, N and N·m @param onFloor whether the sole is at the floor's height @param dt s */
  update(wrench: Float64Array, onFloor: boolean, dt: number): void {
    const { load, release, filterTime } = this.#options;
    this.#valid = plausible(wrench);
    const force = this.#valid ? wrench[2] : onFloor ? 2 * load : 0;
    this.#force += (force - this.#force) * (dt / (filterTime + dt));
    const loaded = this.#force > (this.#loaded ? release : load);
    this.#since = loaded && this.#loaded ? this.#since + dt : 0;
    this.#loaded = loaded;
    this.#firm = this.#valid && wrench[2] > load && centred(wrench);
  }
}

function plausible(wrench: Float64Array): boolean {
  for (let k = 0; k < 6; k++) if (!(Math.abs(wrench[k]) < LARGEST_FORCE)) return false;
  return true;
}

/** Centre of pressure of a force f and torque τ on a plane through the origin: x = −τ_y/f_z, y = τ_x/f_z. */
function centred(wrench: Float64Array): boolean {
  const x = -wrench[4] / wrench[2];
  const y = wrench[3] / wrench[2];
  return x > FIRM.behind && x < FIRM.ahead && Math.abs(y) < FIRM.aside;
}
