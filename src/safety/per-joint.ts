/**
 * A value for each joint from a table of patterns, regular expressions that match whole names; later lines hold over
 * earlier ones.
 * @param key of the configuration, for errors
 * @throws Error naming the pattern that is no regular expression or matches nothing, or the joint that has no value
 */
export function perJoint(names: readonly string[], table: Readonly<Record<string, number>>, key: string): Float64Array {
  const values = new Float64Array(names.length).fill(Number.NaN);
  for (const [pattern, value] of Object.entries(table)) {
    const matching = names.flatMap((name, j) => (new RegExp(`^(?:${pattern})$`).test(name) ? [j] : []));
    if (matching.length === 0) throw new Error(`${key}: '${pattern}' matches no joint`);
    for (const j of matching) values[j] = value;
  }
  const missing = names.filter((_, j) => Number.isNaN(values[j]));
  if (missing.length > 0) throw new Error(`${key}: no value for ${missing.join(', ')}`);
  return values;
}
