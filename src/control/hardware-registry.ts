import { SUPPORTS, type Support } from '../sim/support.js';
import type { Hardware } from './hardware.js';
import type { JointParameters } from './joint-parameters.js';
import { MockHardware } from './mock-hardware.js';

/** Options of a hardware plugin: plain data, because they travel to the loop's thread. */
export type HardwareOptions = Readonly<Record<string, unknown>>;

type Factory = (options: HardwareOptions, parameters: JointParameters) => Promise<Hardware>;

const FACTORIES: Readonly<Record<string, Factory>> = {
  mock: async (options, parameters) =>
    new MockHardware(parameters, { timeConstant: number(options, 'timeConstant', 0.01) }),
  // Loaded on demand: without a simulation there is no need for the physics engine.
  mujoco: async (options) => {
    const { MujocoHardware } = await import('./mujoco-hardware.js');
    return new MujocoHardware({
      robot: text(options, 'robot'),
      task: text(options, 'task'),
      seed: number(options, 'seed', 0),
      instruction: text(options, 'instruction', ''),
      support: support(options),
      sensorNoise: options.sensorNoise === true,
      ...(options.faults instanceof SharedArrayBuffer ? { faults: options.faults } : {}),
      ...(options.placement instanceof SharedArrayBuffer ? { placement: options.placement } : {}),
    });
  },
  unitree_h2: async (options, parameters) => {
    const { UnitreeH2Hardware } = await import('./unitree-h2/unitree-h2-hardware.js');
    const { loadSupplyLimits } = await import('./unitree-h2/supply-limits.js');
    const { link } = options;
    if (!(link instanceof SharedArrayBuffer)) {
      throw new Error('hardware option link is missing: unitree_h2 needs the memory that it shares with its carrier');
    }
    const supply = loadSupplyLimits(text(options, 'limits'));
    const patience = number(options, 'patience', 1);
    const gateTimeout = number(options, 'gateTimeout', 5);
    return new UnitreeH2Hardware({ link, supply, gateTimeout, patience }, parameters);
  },
};

/** Names that `createHardware` knows. */
export function hardwareNames(): string[] {
  return Object.keys(FACTORIES);
}

/**
 * Makes the hardware plugin `name`, in the thread that calls.
 * @throws Error naming an unknown plugin or a bad option, and what is allowed
 */
export async function createHardware(
  name: string,
  options: HardwareOptions,
  parameters: JointParameters,
): Promise<Hardware> {
  const factory = Object.hasOwn(FACTORIES, name) ? FACTORIES[name] : undefined;
  if (factory === undefined) {
    throw new Error(`hardware "${name}" is unknown; known are ${hardwareNames().join(', ')}`);
  }
  return factory(options, parameters);
}

function number(options: HardwareOptions, key: string, fallback: number): number {
  const value = options[key] ?? fallback;
  if (typeof value !== 'number') throw new Error(`hardware option ${key} is ${JSON.stringify(value)}, needs a number`);
  return value;
}

function support(options: HardwareOptions): Support {
  const value = text(options, 'support', 'gantry');
  const known = SUPPORTS.find((name) => name === value);
  if (known === undefined) throw new Error(`hardware option support is "${value}", needs ${SUPPORTS.join(', ')}`);
  return known;
}

function text(options: HardwareOptions, key: string, fallback?: string): string {
  const value = options[key] ?? fallback;
  if (typeof value !== 'string') throw new Error(`hardware option ${key} is ${JSON.stringify(value)}, needs a string`);
  return value;
}
