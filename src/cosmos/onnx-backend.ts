import type { Arm } from '../action/action-chunk.js';
import { composePolicyImage, createPolicyImage } from '../perception/policy-image.js';
import { CPU_EXECUTION } from './execution.js';
import { ObservationHistory } from './observation-history.js';
import { OnnxNetwork } from './onnx-network.js';
import type {
  BackendSession,
  InferenceOptions,
  PolicyBackend,
  PolicyDescription,
  PolicyPrediction,
  PolicySenses,
} from './policy-backend.js';
import { ArmsProprioception } from './proprioception.js';

/** A policy that runs in this process: the networks of `cosmos3_micro`. */
export class OnnxBackend implements PolicyBackend {
  readonly #network: OnnxNetwork;
  readonly #jointNames: readonly string[];

  /**
   * @param directory model directory
   * @param jointNames the robot's joints, in the order of position vectors
   * @param threads CPU threads of the networks
   * @param execution which variant of the model, and what runs it
   */
  constructor(directory: string, jointNames: readonly string[], threads: number, execution = CPU_EXECUTION) {
    this.#network = new OnnxNetwork(directory, threads, execution);
    this.#jointNames = jointNames;
  }

  get description(): PolicyDescription {
    const { id, version, arms, horizon, dt } = this.#network.card;
    return { policy: `${id}@${version}`, arms, horizon, dt };
  }

  load(): Promise<void> {
    return this.#network.load();
  }

  createSession(): BackendSession {
    return new OnnxSession(this.#network, this.#jointNames);
  }

  dispose(): Promise<void> {
    return this.#network.dispose();
  }
}

/** Builds the networks' input from what the robot senses and has sensed. */
class OnnxSession implements BackendSession {
  readonly #network: OnnxNetwork;
  readonly #image = createPolicyImage();
  readonly #history: ObservationHistory;
  readonly #proprioception: ArmsProprioception;
  #arm: Arm | undefined;

  constructor(network: OnnxNetwork, jointNames: readonly string[]) {
    const { history, history_spacing: spacing, dt, arms } = network.card;
    this.#network = network;
    this.#history = new ObservationHistory(history, spacing ?? dt, this.#image.length);
    this.#proprioception = new ArmsProprioception(jointNames, arms);
  }

  reset(): void {
    this.#history.clear();
    this.#arm = undefined;
  }

  observe({ stamp, frame }: PolicySenses): void {
    composePolicyImage(frame, this.#image);
    this.#history.push(stamp, this.#image);
  }

  async infer(
    senses: PolicySenses,
    instruction: string,
    options: InferenceOptions,
  ): Promise<readonly PolicyPrediction[]> {
    this.observe(senses);
    const { stamp, hands, positions } = senses;
    const observation = {
      stamp,
      image: this.#history.observation(),
      proprioception: this.#proprioception.write(hands, positions),
      instruction,
      arm: this.#arm,
    };
    const prediction = await this.#network.infer(observation, options);
    this.#arm = prediction.arm;
    return [prediction];
  }
}
