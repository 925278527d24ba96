import { composePolicyImage, createPolicyImage } from '../perception/policy-image.js';
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
import { PROPRIOCEPTION_DIMENSION, Proprioception } from './proprioception.js';

/** A policy that runs in this process: the networks of `cosmos3_micro`. */
export class OnnxBackend implements PolicyBackend {
  readonly #network: OnnxNetwork;
  readonly #jointNames: readonly string[];

  /**
   * @param directory model directory
   * @param jointNames the robot's joints, in the order of position vectors
   * @param threads CPU threads of the networks
   */
  constructor(directory: string, jointNames: readonly string[], threads: number) {
    this.#network = new OnnxNetwork(directory, threads);
    this.#jointNames = jointNames;
  }

  get description(): PolicyDescription {
    const { id, version, action, horizon, dt } = this.#network.card;
    return { policy: `${id}@${version}`, arms: [action.arm], horizon, dt };
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
  readonly #proprioception: Proprioception;
  readonly #vector = new Float32Array(PROPRIOCEPTION_DIMENSION);

  constructor(network: OnnxNetwork, jointNames: readonly string[]) {
    const { history, history_spacing: spacing, dt, action } = network.card;
    this.#network = network;
    this.#history = new ObservationHistory(history, spacing ?? dt, this.#image.length);
    this.#proprioception = new Proprioception(jointNames, action.arm);
  }

  reset(): void {
    this.#history.clear();
  }

  async infer(
    { stamp, frame, hands, positions }: PolicySenses,
    instruction: string,
    options: InferenceOptions,
  ): Promise<readonly PolicyPrediction[]> {
    const { commandedPose, measuredPose, commandedGripper } = hands[this.#network.card.action.arm];
    composePolicyImage(frame, this.#image);
    this.#history.push(stamp, this.#image);
    this.#proprioception.write(commandedPose, measuredPose, commandedGripper, positions, this.#vector);
    const image = this.#history.observation();
    return [await this.#network.infer({ stamp, image, proprioception: this.#vector, instruction }, options)];
  }
}
