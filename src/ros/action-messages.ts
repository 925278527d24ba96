import { type ActionChunk, type Arm, checkChunk } from '../action/action-chunk.js';
import { ACTION_DIMENSION, decodeActions } from '../action/action-space.js';
import type { Message, MessageInput } from './messages.js';
import { poseMessage, readPose } from './pose-messages.js';
import { toSeconds } from './time.js';

type ChunkMessage = Message<'cosmos_humanoid/msg/ActionChunk'>;

/** The only frame in which actions are understood. */
const FRAME = 'base_link';

/**
 * @returns the chunk, its stamp in ROS time
 * @throws Error saying what is wrong with the message
 */
export function readActionChunk({ header, arm, dt, anchor, poses, gripper }: ChunkMessage): ActionChunk {
  const chunk: ActionChunk = {
    stamp: toSeconds(header.stamp),
    dt,
    arm: checkArm(arm),
    anchor: readPose(anchor, new Float64Array(7)),
    poses: new Float64Array(7 * poses.length),
    gripper: Float64Array.from(gripper),
  };
  checkFrame(header.frame_id);
  for (const [k, pose] of poses.entries()) readPose(pose, chunk.poses, 7 * k);
  checkChunk(chunk);
  return chunk;
}

/** The chunk as a message, without header and `published`. */
export function actionChunkMessage(chunk: ActionChunk): MessageInput<'cosmos_humanoid/msg/ActionChunk'> {
  const { arm, dt, anchor, poses, gripper } = chunk;
  return {
    arm,
    dt,
    anchor: poseMessage(anchor),
    poses: Array.from(gripper, (_, k) => poseMessage(poses, 7 * k)),
    gripper,
  };
}

/**
 * The candidate to carry out, in physical units; its stamp in ROS time.
 * @throws Error saying what is wrong with the message
 */
export function bestChunk(prediction: Message<'cosmos_humanoid/msg/ActionPrediction'>): ActionChunk {
  const { header, arm, representation, anchor, dt, candidates, best } = prediction;
  const { num_candidates: count, horizon, dimension } = prediction;
  if (representation !== 'anchor_relative') {
    throw new Error(`actions are represented as "${representation}", needs "anchor_relative"`);
  }
  checkFrame(header.frame_id);
  const size = horizon * dimension;
  if (dimension !== ACTION_DIMENSION || candidates.length !== count * size || size === 0) {
    throw new Error(
      `${candidates.length} numbers for ${count} candidates of ${horizon} actions of ${dimension}, ` +
        `needs actions of ${ACTION_DIMENSION}`,
    );
  }
  if (best >= count) throw new Error(`candidate ${best} is to be carried out of ${count}`);
  const pose = readPose(anchor, new Float64Array(7));
  const chunkHeader = { stamp: toSeconds(header.stamp), dt, arm: checkArm(arm), anchor: pose };
  const chunk = decodeActions(candidates.subarray(best * size, (best + 1) * size), chunkHeader);
  checkChunk(chunk);
  return chunk;
}

function checkArm(arm: string): Arm {
  if (arm === 'left' || arm === 'right') return arm;
  throw new Error(`arm is "${arm}", needs "left" or "right"`);
}

function checkFrame(frame: string): void {
  if (frame !== FRAME) throw new Error(`actions are in frame "${frame}", needs "${FRAME}"`);
}
