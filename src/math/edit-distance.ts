/**
 * Number of insertions, deletions and substitutions that turn `a` into `b` (Levenshtein, 1966).
 */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      // d(i,j) = min(delete, insert, substitute)
      const substitute = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(previous[j]! + 1, current[j - 1]! + 1, substitute));
    }
    previous = current;
  }
  return previous[b.length]!;
}

/** The element of `candidates` with the least edit distance to `text`, case ignored, and that distance. */
export function closest(text: string, candidates: Iterable<string>): { text: string; distance: number } | undefined {
  let best: { text: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(text.toLowerCase(), candidate.toLowerCase());
    if (best === undefined || distance < best.distance) best = { text: candidate, distance };
  }
  return best;
}
