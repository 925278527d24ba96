import { vec3 } from 'gl-matrix';

/** Where a camera is: the pose of its optical frame (z forward, x right, y down) in the world. */
export interface CameraPose {
  /** m, 3. */
  readonly position: Float64Array;
  /** Row-major rotation matrix, optical frame to world, 9. */
  readonly rotation: Float64Array;
}

/** A pose at the origin, looking up. */
export function createCameraPose(): CameraPose {
  return { position: new Float64Array(3), rotation: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) };
}

/** Copies the pose of frame `index` out of MuJoCo's n × 3 positions and n × 9 rotations (of bodies or sites). */
export function setCameraPose(pose: CameraPose, positions: Float64Array, rotations: Float64Array, index: number): void {
  for (let k = 0; k < 3; k++) pose.position[k] = positions[3 * index + k];
  for (let k = 0; k < 9; k++) pose.rotation[k] = rotations[9 * index + k];
}

/** The pose of an upright camera at `eye` that looks at `target` (both in the world, m; z is up). */
export function lookAt(eye: ArrayLike<number>, target: ArrayLike<number>): CameraPose {
  const forward = vec3.normalize([0, 0, 0], [target[0] - eye[0], target[1] - eye[1], target[2] - eye[2]]);
  const right = vec3.cross([0, 0, 0], forward, [0, 0, 1]);
  if (vec3.length(right) < 1e-9) {
    throw new Error(
      `Camera at [${Array.from(eye)}] looks straight up or down at [${Array.from(target)}]; move it aside.`,
    );
  }
  vec3.normalize(right, right);
  const down = vec3.cross([0, 0, 0], forward, right);
  const pose = createCameraPose();
  pose.position.set(eye);
  for (let k = 0; k < 3; k++) pose.rotation.set([right[k], down[k], forward[k]], 3 * k);
  return pose;
}
