import type { NetworkObservation, OnnxNetwork } from '../cosmos/onnx-network.js';
import type { InferenceOptions } from '../cosmos/policy-backend.js';
import { ArmsProprioception } from '../cosmos/proprioception.js';
import { transformFromPose } from '../math/pose.js';
import {
  composePolicyImage,
  createPolicyFrame,
  createPolicyImage,
  samplePolicyFrame,
} from '../perception/policy-image.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import type { EngineAnswer, InferenceEngine } from './inference-engine.js';
import { inferenceRequest, parseRequest } from './inference-request.js';
import { decodeDepth, decodePicture } from './picture-decoder.js';
import { checkQuaternion, RequestSenses } from './request-senses.js';

/** A request in the form of the network. */
export interface NetworkQuestion {
  readonly observation: NetworkObservation;
  readonly options: InferenceOptions;
}

/** Answers with a network of this package, those that wait together as one batch. */
export class NetworkEngine implements InferenceEngine<NetworkQuestion> {
  readonly schema = inferenceRequest;
  readonly ready = true;
  readonly batch: number;
  readonly #network: OnnxNetwork;
  readonly #senses: RequestSenses;
  readonly #proprioception: ArmsProprioception;
  readonly #frame = createPolicyFrame();
  readonly #transform = new Float64Array(12);

  /** @param network loaded @param batch questions that are encoded together, at most */
  constructor(network: OnnxNetwork, robot: Robot, kinematics: Kinematics, batch: number) {
    this.#network = network;
    this.#senses = new RequestSenses(robot, kinematics);
    this.#proprioception = new ArmsProprioception(robot.names, network.card.arms);
    this.batch = batch;
  }

  get policy(): string {
    const { id, version } = this.#network.card;
    return `${id}@${version}`;
  }

  read(body: unknown): NetworkQuestion {
    const request = parseRequest(inferenceRequest, body);
    const { camera, instruction, num_candidates: candidates, steps, seed, arm } = request;
    const { width, height, color } = decodePicture('image', request.image);
    const depth = decodeDepth(request.depth, width, height);
    const { fx, fy, cx, cy } = camera;
    checkQuaternion('camera.pose', camera.pose);
    transformFromPose(Float64Array.from(camera.pose), this.#transform);
    samplePolicyFrame(color, depth, { width, height, fx, fy, cx, cy }, this.#transform, this.#frame);
    const picture = createPolicyImage();
    composePolicyImage(this.#frame, picture);
    // A request knows no earlier picture: this one stands for those before it, as when a robot has just started.
    const { history } = this.#network.card;
    const image = new Float32Array(history * picture.length);
    for (let t = 0; t < history; t++) image.set(picture, t * picture.length);

    const { positions, hands } = this.#senses.read(request);
    const proprioception = this.#proprioception.write(hands, positions).slice();
    return { observation: { stamp: 0, image, proprioception, instruction, arm }, options: { candidates, steps, seed } };
  }

  async answer(questions: readonly NetworkQuestion[]): Promise<EngineAnswer[]> {
    const predictions = await this.#network.inferBatch(
      questions.map(({ observation }) => observation),
      questions.map(({ options }) => options),
    );
    const { dt } = this.#network.card;
    return predictions.map((prediction) => ({ predictions: [prediction], dt }));
  }
}
