/** Rotation matrices are nine numbers, row-major; quaternions x, y, z, w. Nothing here allocates. */

/** Writes the rotation matrix of a unit quaternion into `out` (9). */
export function matrixFromQuaternion(q: Float64Array, out: Float64Array): void {
  const x = q[0];
  const y = q[1];
  const z = q[2];
  const w = q[3];
  out[0] = 1 - 2 * (y * y + z * z);
  out[1] = 2 * (x * y - z * w);
  out[2] = 2 * (x * z + y * w);
  out[3] = 2 * (x * y + z * w);
  out[4] = 1 - 2 * (x * x + z * z);
  out[5] = 2 * (y * z - x * w);
  out[6] = 2 * (x * z - y * w);
  out[7] = 2 * (y * z + x * w);
  out[8] = 1 - 2 * (x * x + y * y);
}

/**
 * Writes the unit quaternion of a rotation matrix into `out` (4): the largest component first (Shepperd, "Quaternion
 * from rotation matrix", 1978).
 */
export function quaternionFromMatrix(m: Float64Array, out: Float64Array): void {
  const trace = m[0] + m[4] + m[8];
  if (trace >= m[0] && trace >= m[4] && trace >= m[8]) {
    const w = 0.5 * Math.sqrt(Math.max(0, 1 + trace));
    const s = 0.25 / w;
    out[0] = (m[7] - m[5]) * s;
    out[1] = (m[2] - m[6]) * s;
    out[2] = (m[3] - m[1]) * s;
    out[3] = w;
    return;
  }
  let i = 0;
  if (m[4] > m[0]) i = 1;
  if (m[8] > m[4 * i]) i = 2;
  const j = (i + 1) % 3;
  const k = (i + 2) % 3;
  const largest = 0.5 * Math.sqrt(Math.max(0, 1 + m[4 * i] - m[4 * j] - m[4 * k]));
  const s = 0.25 / largest;
  out[i] = largest;
  out[j] = (m[3 * j + i] + m[3 * i + j]) * s;
  out[k] = (m[3 * k + i] + m[3 * i + k]) * s;
  out[3] = (m[3 * k + j] - m[3 * j + k]) * s;
}

/** Writes a·b into `out`, which is neither of them. */
export function multiplyMatrices(a: Float64Array, b: Float64Array, out: Float64Array): void {
  for (let r = 0; r < 9; r += 3) {
    const x = a[r];
    const y = a[r + 1];
    const z = a[r + 2];
    out[r] = x * b[0] + y * b[3] + z * b[6];
    out[r + 1] = x * b[1] + y * b[4] + z * b[7];
    out[r + 2] = x * b[2] + y * b[5] + z * b[8];
  }
}

/** Writes a·bᵀ into `out`, which is neither of them. */
export function multiplyByTransposed(a: Float64Array, b: Float64Array, out: Float64Array): void {
  for (let r = 0; r < 9; r += 3) {
    const x = a[r];
    const y = a[r + 1];
    const z = a[r + 2];
    out[r] = x * b[0] + y * b[1] + z * b[2];
    out[r + 1] = x * b[3] + y * b[4] + z * b[5];
    out[r + 2] = x * b[6] + y * b[7] + z * b[8];
  }
}

/** Writes R·v into `out`, which may be `v`. */
export function rotate(r: Float64Array, v: Float64Array, out: Float64Array): void {
  const x = v[0];
  const y = v[1];
  const z = v[2];
  out[0] = r[0] * x + r[1] * y + r[2] * z;
  out[1] = r[3] * x + r[4] * y + r[5] * z;
  out[2] = r[6] * x + r[7] * y + r[8] * z;
}

/**
 * Turns a quaternion by a small rotation vector given in the outer frame, q ← exp(φ)⊗q, or, where `inner`, in the
 * turned frame, q ← q⊗exp(φ); and sets its length to 1.
 */
export function turnQuaternion(q: Float64Array, px: number, py: number, pz: number, inner: boolean): void {
  const angle = Math.sqrt(px * px + py * py + pz * pz);
  const scale = angle < 1e-9 ? 0.5 : Math.sin(0.5 * angle) / angle;
  const x = px * scale;
  const y = py * scale;
  const z = pz * scale;
  const w = Math.cos(0.5 * angle);
  const qx = q[0];
  const qy = q[1];
  const qz = q[2];
  const qw = q[3];
  // The two products differ in the sign of the cross product.
  const sign = inner ? -1 : 1;
  const nx = w * qx + x * qw + sign * (y * qz - z * qy);
  const ny = w * qy + y * qw + sign * (z * qx - x * qz);
  const nz = w * qz + z * qw + sign * (x * qy - y * qx);
  const nw = w * qw - x * qx - y * qy - z * qz;
  const length = Math.sqrt(nx * nx + ny * ny + nz * nz + nw * nw);
  q[0] = nx / length;
  q[1] = ny / length;
  q[2] = nz / length;
  q[3] = nw / length;
}
