import type { Kinematics } from '../../robot/kinematics.js';
import type { Robot } from '../../robot/robot.js';
import type {
  BackendSession,
  PolicyBackend,
  PolicyDescription,
  PolicyPrediction,
  PolicySenses,
} from '../policy-backend.js';
import { checkDescription } from './description-check.js';
import type { Embodiment } from './embodiment.js';
import { EmbodimentInput } from './embodiment-input.js';
import { EmbodimentOutput } from './embodiment-output.js';
import { Gr00tClient } from './gr00t-client.js';
import { KserveClient } from './kserve-client.js';
import { OpenpiClient } from './openpi-client.js';
import type { PolicyClient } from './policy-client.js';
import { RetryDelay } from './retry-delay.js';
import { serverAddress } from './server-address.js';

/** A policy on a server: openpi, Cosmos 3, GR00T, or a model behind the Open Inference Protocol. */
export class ServedBackend implements PolicyBackend {
  readonly #embodiment: Embodiment;
  readonly #robot: Robot;
  readonly #client: PolicyClient;
  readonly #output: EmbodimentOutput;
  readonly #prepare: () => Promise<void>;
  readonly #delay = new RetryDelay();

  /**
   * @param prepare what the server needs before it is asked
   * @throws Error where the map does not fit the robot
   */
  constructor(embodiment: Embodiment, robot: Robot, kinematics: Kinematics, prepare = async () => {}) {
    this.#prepare = prepare;
    this.#embodiment = embodiment;
    this.#robot = robot;
    this.#client = createClient(embodiment);
    this.#output = new EmbodimentOutput(embodiment, robot, kinematics);
  }

  get description(): PolicyDescription {
    const { policy, horizon, step } = this.#embodiment;
    return { policy, arms: this.#output.arms, horizon, dt: step };
  }

  /** Connects, and compares the map with what the server says of itself. */
  async load(): Promise<void> {
    await this.#prepare();
    checkDescription(this.#embodiment, await this.#client.connect());
  }

  createSession(): BackendSession {
    const input = new EmbodimentInput(this.#embodiment, this.#robot);
    return {
      reset: () => input.reset(),
      infer: async (senses: PolicySenses, instruction: string): Promise<readonly PolicyPrediction[]> => {
        const request = input.request(senses, instruction);
        const start = performance.now();
        this.#delay.check(start / 1000);
        try {
          const reply = await this.#client.ask(request);
          const predictions = this.#output.predictions(reply, senses, performance.now() - start);
          this.#delay.succeeded();
          return predictions;
        } catch (error) {
          this.#delay.failed((error as Error).message, performance.now() / 1000);
          throw error;
        }
      },
    };
  }

  dispose(): Promise<void> {
    return this.#client.close();
  }
}

function createClient(embodiment: Embodiment): PolicyClient {
  const address = serverAddress(embodiment);
  switch (embodiment.protocol) {
    case 'openpi':
    case 'cosmos3':
      return new OpenpiClient(address);
    case 'gr00t':
      return new Gr00tClient(address);
    case 'kserve':
      return new KserveClient(address, { name: embodiment.model, version: embodiment.version });
  }
}
