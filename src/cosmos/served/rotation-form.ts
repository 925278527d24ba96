import { mat3, quat, vec3 } from 'gl-matrix';
import type { RotationForm } from './embodiment.js';

/** Numbers in each form. */
export const ROTATION_SIZES: Readonly<Record<RotationForm, number>> = {
  rot6d_columns: 6,
  rot6d_rows: 6,
  quaternion_xyzw: 4,
  quaternion_wxyz: 4,
  rotation_vector: 3,
  rpy: 3,
};

/** Writes a rotation in a policy server's form (see {@link readRotation}). */
export function writeRotation(q: Readonly<quat>, form: RotationForm): number[] {
  const [x, y, z, w] = q;
  switch (form) {
    case 'quaternion_xyzw':
      return [x, y, z, w];
    case 'quaternion_wxyz':
      return [w, x, y, z];
    case 'rotation_vector': {
      const sign = w < 0 ? -1 : 1;
      const sine = Math.hypot(x, y, z);
      const scale = sine < 1e-9 ? 2 * sign : (2 * sign * Math.atan2(sine, sign * w)) / sine;
      return [x * scale, y * scale, z * scale];
    }
    case 'rpy':
      return [
        Math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y)),
        Math.asin(Math.min(1, Math.max(-1, 2 * (w * y - z * x)))),
        Math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)),
      ];
    default: {
      // gl-matrix is column-major: m[3·column + row].
      const m = Array.from(mat3.fromQuat(mat3.create(), q));
      return form === 'rot6d_columns' ? m.slice(0, 6) : [0, 3, 6, 1, 4, 7].map((i) => m[i]!);
    }
  }
}

/**
 * Reads a rotation: `rot6d` are the first two columns (or rows) of its matrix, not necessarily orthonormal (Zhou et
 * al., CVPR 2019, arXiv:1812.07035); `rpy` are roll, pitch, yaw about fixed axes (R = Rz·Ry·Rx), rad.
 * @throws Error where the numbers are no rotation
 */
export function readRotation(values: ArrayLike<number>, at: number, form: RotationForm): quat {
  const v = Array.from({ length: ROTATION_SIZES[form] }, (_, i) => values[at + i]!);
  const q = quat.create();
  switch (form) {
    case 'quaternion_xyzw':
      quat.set(q, v[0]!, v[1]!, v[2]!, v[3]!);
      break;
    case 'quaternion_wxyz':
      quat.set(q, v[1]!, v[2]!, v[3]!, v[0]!);
      break;
    case 'rotation_vector': {
      const angle = Math.hypot(v[0]!, v[1]!, v[2]!);
      if (angle > 0) quat.setAxisAngle(q, [v[0]! / angle, v[1]! / angle, v[2]! / angle], angle);
      break;
    }
    case 'rpy':
      quat.rotateZ(q, q, v[2]!);
      quat.rotateY(q, q, v[1]!);
      quat.rotateX(q, q, v[0]!);
      break;
    default: {
      // Gram–Schmidt; the third axis is the cross product. Rows of R are columns of Rᵀ.
      const a = vec3.normalize(vec3.create(), [v[0]!, v[1]!, v[2]!]);
      const second: vec3 = [v[3]!, v[4]!, v[5]!];
      const b = vec3.normalize(vec3.create(), vec3.scaleAndAdd(vec3.create(), second, a, -vec3.dot(a, second)));
      const c = vec3.cross(vec3.create(), a, b);
      const m = mat3.fromValues(a[0], a[1], a[2], b[0], b[1], b[2], c[0], c[1], c[2]);
      if (form === 'rot6d_rows') mat3.transpose(m, m);
      // Two axes that are parallel span no rotation.
      if (vec3.length(c) > 0.5) quat.fromMat3(q, m);
      else quat.set(q, 0, 0, 0, 0);
    }
  }
  const length = quat.length(q);
  if (!(length > 0.5 && length < 2)) throw new Error(`[${v.join(', ')}] is no rotation of the form ${form}`);
  return quat.normalize(q, q);
}
