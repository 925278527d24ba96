/** Mean, deviation and range of a column, for episodes_stats.jsonl. */
export function statistics(rows: readonly ArrayLike<number>[]): Record<string, unknown> {
  const size = rows[0]!.length;
  const each = (value: (column: number[]) => number) =>
    Array.from({ length: size }, (_, i) => value(rows.map((row) => row[i]!)));
  const mean = (column: number[]) => column.reduce((sum, x) => sum + x, 0) / column.length;
  return {
    min: each((column) => Math.min(...column)),
    max: each((column) => Math.max(...column)),
    mean: each(mean),
    std: each((column) => {
      const centre = mean(column);
      return Math.sqrt(mean(column.map((x) => (x - centre) ** 2)));
    }),
    count: [rows.length],
  };
}

/** The same of the channels of rgb8 pictures, of 1: 3 × 1 × 1. */
export function pictureStatistics(pictures: readonly Uint8Array[]): Record<string, unknown> {
  const channels = [0, 1, 2].map((channel) => {
    let [min, max, sum, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
    for (const picture of pictures) {
      for (let i = channel; i < picture.length; i += 3) {
        const value = picture[i]! / 255;
        min = Math.min(min, value);
        max = Math.max(max, value);
        sum += value;
        squares += value * value;
      }
    }
    const count = (pictures.length * pictures[0]!.length) / 3;
    const mean = sum / count;
    return { min, max, mean, std: Math.sqrt(Math.max(0, squares / count - mean * mean)) };
  });
  const each = (key: 'min' | 'max' | 'mean' | 'std') => channels.map((channel) => [[channel[key]]]);
  return { min: each('min'), max: each('max'), mean: each('mean'), std: each('std'), count: [pictures.length] };
}
