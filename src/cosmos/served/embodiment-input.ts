import { quat, vec3 } from 'gl-matrix';
import { resizeWithPadding } from '../../perception/resize.js';
import type { Robot } from '../../robot/robot.js';
import type { PolicySenses } from '../policy-backend.js';
import type { Embodiment, StatePart } from './embodiment.js';
import { float32Array, type NumericArray, numericArray } from './numeric-array.js';
import type { PolicyRequest } from './policy-client.js';
import { ROTATION_SIZES, readRotation, writeRotation } from './rotation-form.js';

interface Snapshot {
  readonly stamp: number;
  readonly pixels: Uint8Array;
}

/** Says what the robot senses in the words of a policy server. Keeps the pictures that the policy looks back at. */
export class EmbodimentInput {
  readonly #embodiment: Embodiment;
  readonly #states: readonly (readonly [string, readonly ((senses: PolicySenses) => ArrayLike<number>)[]])[];
  readonly #pictures = new Map<string, Snapshot[]>();

  /** @throws Error naming a joint that the robot lacks */
  constructor(embodiment: Embodiment, robot: Robot) {
    this.#embodiment = embodiment;
    this.#states = Object.entries(embodiment.states).map(([key, parts]) => [
      key,
      parts.map((part) => reader(part, robot)),
    ]);
  }

  /** Forgets the pictures. */
  reset(): void {
    this.#pictures.clear();
  }

  /** @throws Error naming a camera that is missing */
  request(senses: PolicySenses, instruction: string): PolicyRequest {
    const images = new Map<string, NumericArray>();
    for (const [key, { camera, width, height, ages }] of Object.entries(this.#embodiment.images)) {
      const picture = senses.pictures.get(camera);
      if (picture === undefined) {
        const known = [...senses.pictures.keys()].join(', ') || 'none';
        throw new Error(
          `policy ${this.#embodiment.policy}: no picture of ${camera}; there are: ${known} (camera_fusion's cameras)`,
        );
      }
      const pixels = new Uint8Array(3 * width * height);
      resizeWithPadding(picture.color, picture.width, picture.height, pixels, width, height);
      const frames = this.#look(key, { stamp: senses.stamp, pixels }, ages);
      images.set(key, numericArray('|u1', [ages.length, height, width, 3], Buffer.concat(frames)));
    }
    const states = new Map<string, NumericArray>();
    for (const [key, parts] of this.#states) {
      const values = parts.flatMap((read) => Array.from(read(senses)));
      states.set(key, float32Array(values, [values.length]));
    }
    return { images, states, instruction: [this.#embodiment.instruction, instruction] };
  }

  /** Takes in a picture. @returns for each age the picture that is nearest to it; the oldest stands in for those before */
  #look(key: string, latest: Snapshot, ages: readonly number[]): Uint8Array[] {
    const oldest = latest.stamp - Math.max(...ages);
    const known = this.#pictures.get(key)?.filter(({ stamp }) => stamp < latest.stamp) ?? [];
    // The last one before the oldest moment may still be the nearest to it.
    const first = Math.max(
      0,
      known.findLastIndex(({ stamp }) => stamp <= oldest),
    );
    const kept = [...known.slice(first), latest];
    this.#pictures.set(key, kept);
    return ages.map((age) => {
      const distance = ({ stamp }: Snapshot) => Math.abs(stamp - (latest.stamp - age));
      return kept.reduce((best, next) => (distance(next) <= distance(best) ? next : best)).pixels;
    });
  }
}

/** Numbers in a state of these parts. */
export function stateSize(parts: readonly StatePart[]): number {
  const sizes = parts.map((part) =>
    'joints' in part ? part.joints.length : 'gripper' in part ? 1 : 3 + ROTATION_SIZES[part.rotation],
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** @returns what reads the part's numbers from the senses */
function reader(part: StatePart, robot: Robot): (senses: PolicySenses) => ArrayLike<number> {
  if ('joints' in part) {
    const joints = part.joints.map((name) => robot.index(name));
    return ({ positions }) => joints.map((joint) => positions[joint]!);
  }
  if ('gripper' in part) {
    const { gripper, open, closed } = part;
    return ({ hands }) => [open + (closed - open) * hands[gripper].commandedGripper];
  }
  // The server's frame is at the gripper's pose times the tool's.
  const { pose, rotation, tool } = part;
  const toolTurn = readRotation(tool.rpy, 0, 'rpy');
  return ({ hands }) => {
    const measured = hands[pose].measuredPose;
    const turn = quat.fromValues(measured[3]!, measured[4]!, measured[5]!, measured[6]!);
    const offset = vec3.transformQuat(vec3.create(), tool.xyz, turn);
    const position = [0, 1, 2].map((k) => measured[k]! + offset[k]!);
    return [...position, ...writeRotation(quat.multiply(quat.create(), turn, toolTurn), rotation)];
  };
}
