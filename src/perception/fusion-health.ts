import type { FusionStatistics } from './camera-fusion.js';

/** How the fusion of cameras has been since it was last looked at. */
export interface FusionHealth {
  /** What is wrong, in words; empty when nothing is. */
  readonly problems: readonly string[];
  /** Counts so far, for diagnostics. */
  readonly values: Readonly<Record<string, number>>;
}

/** Judges the counts of a camera fusion from one look to the next. */
export class FusionWatch {
  #before: FusionStatistics | undefined;

  /** @param now counts so far */
  look(now: FusionStatistics): FusionHealth {
    const before = this.#before;
    this.#before = now;
    const problems: string[] = [];
    const values: Record<string, number> = { fused: now.fused, unplaced: now.unplaced, restarts: now.restarts };
    for (const [i, stream] of now.streams.entries()) {
      const name = `${stream.camera}/${stream.stream}`;
      for (const key of ['received', 'matched', 'dropped', 'late', 'torn', 'missing'] as const) {
        values[`${name} ${key}`] = stream[key];
      }
      const last = before?.streams[i];
      if (last === undefined) continue;
      if (stream.received === last.received) problems.push(`${name}: no images come`);
      else if (stream.torn > last.torn) problems.push(`${name}: torn images: ${stream.fault}`);
      else if (stream.late > last.late) problems.push(`${name}: images come late`);
      else if (stream.missing > last.missing) problems.push(`${name}: images are missing`);
      else if (stream.matched === last.matched) problems.push(`${name}: images find no partners in time`);
    }
    if (before !== undefined && now.unplaced > before.unplaced) {
      problems.push('the place of a camera is unknown: joint_states of that time are missing');
    }
    return { problems, values };
  }
}
