import { z } from 'zod';
import type { Arm } from '../action/action-chunk.js';
import type { ModelCard } from '../cosmos/model-card.js';
import type { NetworkObservation } from '../cosmos/onnx-network.js';
import type { HandSenses, InferenceOptions } from '../cosmos/policy-backend.js';
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
import { decodeDepth, decodePicture } from './picture-decoder.js';

const pose = z.array(z.number()).length(7).describe('x, y, z (m) and quaternion x, y, z, w in base_link');

/** Body of a request. */
export const inferenceRequest = z.strictObject({
  instruction: z.string().min(1).max(1000).describe('What the robot is to do.'),
  image: z
    .strictObject({
      format: z.enum(['jpeg', 'png', 'rgb8']),
      data: z.string().describe('base64'),
      width: z.int().min(1).max(4096).optional(),
      height: z.int().min(1).max(4096).optional(),
    })
    .describe('What the head camera sees: 320×240 pixels, or another odd multiple of 64×48.'),
  depth: z
    .strictObject({ format: z.enum(['png16', '32fc1']), data: z.string().describe('base64') })
    .describe('Depth of the same pixels: PNG of 16 bits in millimetres, or floats in metres; 0 where there is none.'),
  camera: z.strictObject({
    fx: z.number().positive(),
    fy: z.number().positive(),
    cx: z.number(),
    cy: z.number(),
    pose: pose.describe('Optical frame in base_link: x, y, z (m) and quaternion x, y, z, w.'),
  }),
  joint_positions: z.record(z.string(), z.number()).describe('rad by joint; joints left out are at 0.'),
  commanded_hands: z
    .partialRecord(z.enum(['right', 'left']), z.strictObject({ pose, gripper: z.number().min(0).max(1) }))
    .default({})
    .describe('What each hand is commanded; where it is left out, what is measured, open.'),
  arm: z.enum(['right', 'left']).optional().describe('The arm that moves now, which the policy is loath to change.'),
  num_candidates: z.int().min(1).max(64).default(5),
  steps: z.int().min(1).max(100).default(4).describe('Steps of the action sampler.'),
  seed: z.int().min(0).default(0),
});

export type InferenceRequest = z.output<typeof inferenceRequest>;

/** A request in the form of the network. */
export interface InferenceQuestion {
  readonly observation: NetworkObservation;
  readonly options: InferenceOptions;
}

/** Turns requests into what the network takes. */
export class RequestReader {
  readonly #robot: Robot;
  readonly #kinematics: Kinematics;
  readonly #proprioception: ArmsProprioception;
  readonly #history: number;
  readonly #frame = createPolicyFrame();
  readonly #transform = new Float64Array(12);

  /** @param card of the model: the arms that it feels, and how many frames it looks at */
  constructor(robot: Robot, kinematics: Kinematics, { arms, history }: Pick<ModelCard, 'arms' | 'history'>) {
    this.#robot = robot;
    this.#kinematics = kinematics;
    this.#proprioception = new ArmsProprioception(robot.names, arms);
    this.#history = history;
  }

  /** @throws Error naming what is wrong with the request */
  read(request: InferenceRequest): InferenceQuestion {
    const { camera, instruction, num_candidates: candidates, steps, seed } = request;
    const { width, height, color } = decodePicture(request.image);
    const depth = decodeDepth(request.depth, width, height);
    const { fx, fy, cx, cy } = camera;
    checkQuaternion('camera.pose', camera.pose);
    transformFromPose(Float64Array.from(camera.pose), this.#transform);
    samplePolicyFrame(color, depth, { width, height, fx, fy, cx, cy }, this.#transform, this.#frame);
    const picture = createPolicyImage();
    composePolicyImage(this.#frame, picture);
    // A request knows no earlier picture: this one stands for those before it, as when a robot has just started.
    const image = new Float32Array(this.#history * picture.length);
    for (let t = 0; t < this.#history; t++) image.set(picture, t * picture.length);

    const positions = new Float64Array(this.#robot.names.length);
    for (const [name, position] of Object.entries(request.joint_positions))
      positions[this.#robot.index(name)] = position;
    this.#kinematics.setPositions(positions);
    const hands = { right: this.#hand(request, 'right'), left: this.#hand(request, 'left') };
    const proprioception = this.#proprioception.write(hands, positions).slice();
    const observation = { stamp: 0, image, proprioception, instruction, arm: request.arm };
    return { observation, options: { candidates, steps, seed } };
  }

  #hand({ commanded_hands: hands }: InferenceRequest, arm: Arm): HandSenses {
    const measuredPose = new Float64Array(7);
    this.#kinematics.pose(this.#kinematics.frame(this.#robot.gripperFrames[arm]), measuredPose);
    const commanded = hands[arm];
    if (commanded === undefined) return { commandedPose: measuredPose, commandedGripper: 0, measuredPose };
    checkQuaternion(`commanded_hands.${arm}.pose`, commanded.pose);
    return { commandedPose: Float64Array.from(commanded.pose), commandedGripper: commanded.gripper, measuredPose };
  }
}

function checkQuaternion(name: string, values: ArrayLike<number>): void {
  const length = Math.hypot(values[3]!, values[4]!, values[5]!, values[6]!);
  if (Math.abs(length - 1) > 1e-3) throw new Error(`${name}: its quaternion has the length ${length}; it must be 1`);
}
