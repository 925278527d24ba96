import type { InferenceSession } from 'onnxruntime-node';

/** A fixed size, or the name of one that is to agree wherever it stands. */
export type Dimension = number | string;
/** Type and shape of each input or output of a network, by name. */
export type Signature = Record<string, { type: string; shape: Dimension[] }>;

/** Checks names, types and shapes. Sizes that the network leaves open are not checked. */
export function checkSignature(
  where: string,
  actual: readonly InferenceSession.ValueMetadata[],
  sizes: Map<string, number | string>,
  expected: Signature,
): void {
  const names = actual.map((value) => value.name).sort();
  const wanted = Object.keys(expected).sort();
  if (names.join() !== wanted.join())
    throw new Error(`${where}s are ${names.join(', ')}; expected ${wanted.join(', ')}`);
  for (const value of actual) {
    const { type, shape } = expected[value.name]!;
    const described = value.isTensor ? `${value.type} [${value.shape.join(', ')}]` : 'no tensor';
    const fits =
      value.isTensor &&
      value.type === type &&
      value.shape.length === shape.length &&
      value.shape.every((size, i) => {
        const known = typeof shape[i] === 'string' ? (sizes.get(shape[i]) ?? size) : shape[i];
        if (typeof shape[i] === 'string') sizes.set(shape[i], known!);
        return typeof size === 'string' || size < 0 || typeof known === 'string' || size === known;
      });
    if (!fits) {
      const resolved = shape.map((size) => (typeof size === 'string' ? (sizes.get(size) ?? size) : size));
      throw new Error(`${where} ${value.name} is ${described}; expected ${type} [${resolved.join(', ')}]`);
    }
  }
}
