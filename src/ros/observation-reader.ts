import type { Arm } from '../action/action-chunk.js';
import type { HandSenses, PolicySenses } from '../cosmos/policy-backend.js';
import { transformFromPose } from '../math/pose.js';
import { intrinsicsFromK } from '../perception/camera-model.js';
import { colorPixels, depthPixels } from '../perception/image-frame.js';
import { createPolicyFrame, samplePolicyFrame } from '../perception/policy-image.js';
import type { Message } from './messages.js';
import { readPose } from './pose-messages.js';
import { toSeconds } from './time.js';

export type FusedObservation = Message<'cosmos_humanoid/msg/FusedObservation'>;

/** Reads what a policy senses out of observations. */
export class ObservationReader {
  readonly #camera: string;
  readonly #frame = createPolicyFrame();
  readonly #transform = new Float64Array(12);

  /** @param camera that the policy sees through */
  constructor(camera: string) {
    this.#camera = camera;
  }

  /**
   * The frame of the result is overwritten by the next call.
   * @throws Error where the observation lacks the policy's camera or a hand, or an image is malformed
   */
  read({ header, cameras, commanded, measured, joint_positions }: FusedObservation): PolicySenses {
    const camera = cameras.find(({ name }) => name === this.#camera);
    if (camera === undefined) throw new Error(`the observation has no camera ${this.#camera}`);
    const { color, depth, camera_info, pose } = camera;
    const feel = (arm: Arm): HandSenses => {
      const [i, j] = [commanded.arms.indexOf(arm), measured.arms.indexOf(arm)];
      if (i < 0 || j < 0) throw new Error(`the observation has no ${arm} hand`);
      return {
        commandedPose: readPose(commanded.poses[i]!, new Float64Array(7)),
        commandedGripper: commanded.grippers[i]!,
        measuredPose: readPose(measured.poses[j]!, new Float64Array(7)),
      };
    };
    transformFromPose(readPose(pose, new Float64Array(7)), this.#transform);
    samplePolicyFrame(
      colorPixels(color),
      depthPixels(depth),
      intrinsicsFromK(color.width, color.height, camera_info.k),
      this.#transform,
      this.#frame,
    );
    return {
      stamp: toSeconds(header.stamp),
      frame: this.#frame,
      pictures: new Map(cameras.map(({ name, color }) => [name, { ...color, color: colorPixels(color) }])),
      hands: { left: feel('left'), right: feel('right') },
      positions: joint_positions as Float64Array,
    };
  }
}
