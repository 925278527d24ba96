import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import { parquetWriteFile } from 'hyparquet-writer';
import {
  type Column,
  columnsOf,
  type DemonstrationStep,
  type Feature,
  firstAction,
  modalityOf,
} from './lerobot-columns.js';

export type { DemonstrationStep } from './lerobot-columns.js';

/** An episode to write. */
export interface Demonstration {
  readonly instruction: string;
  /** Of the layout, where the episode was simulated. */
  readonly seed?: number | undefined;
  /** Whether the task was done, where somebody judged it. */
  readonly success?: boolean | undefined;
  readonly steps: readonly DemonstrationStep[];
}

/** A line of meta/episodes.jsonl. */
interface EpisodeEntry {
  readonly episode_index: number;
  readonly tasks: readonly string[];
  readonly length: number;
  readonly seed?: number;
  readonly success?: boolean;
}

/** Episodes in one folder. */
const CHUNK = 1000;
/** Columns that count. */
const counters = ['frame_index', 'episode_index', 'index', 'task_index'] as const;

/** Mean, deviation and range of a column, for episodes_stats.jsonl. */
function statistics(rows: readonly ArrayLike<number>[]): Record<string, unknown> {
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

/**
 * Writes demonstrations in the LeRobot v2.1 layout with GR00T's modality.json, one parquet file an episode. After every
 * episode the directory is a whole data set: writing can be interrupted and taken up again.
 */
export class LeRobotWriter {
  readonly #directory: string;
  readonly #fps: number;
  #provenance: Readonly<Record<string, unknown>>;
  readonly #tasks: string[] = [];
  readonly #episodes: EpisodeEntry[] = [];
  #frames = 0;
  #features: Record<string, Feature> = {};

  /**
   * Opens a directory; the episodes of a data set that is there are kept.
   * @param fps policy steps a second
   * @param provenance where the episodes are from, for info.json
   * @throws Error where the directory holds a data set of another origin
   */
  constructor(directory: string, fps: number, provenance: Readonly<Record<string, unknown>> = {}) {
    this.#directory = directory;
    this.#fps = fps;
    this.#provenance = provenance;
    mkdirSync(join(directory, 'meta'), { recursive: true });
    if (existsSync(this.#meta('info.json'))) this.#resume();
    else this.#describe();
  }

  /** Seeds of the episodes that are there. */
  get seeds(): ReadonlySet<number> {
    return new Set(this.#episodes.flatMap(({ seed }) => (seed === undefined ? [] : [seed])));
  }

  /** Episodes that are there, and those of them that succeeded. */
  get count(): { readonly episodes: number; readonly successes: number; readonly frames: number } {
    const successes = this.#episodes.filter(({ success }) => success !== false).length;
    return { episodes: this.#episodes.length, successes, frames: this.#frames };
  }

  /**
   * Adds an episode: its files are complete when this returns.
   * @throws Error for an episode without steps, or with other columns than those before
   */
  add({ instruction, seed, success, steps }: Demonstration): void {
    const [first] = steps;
    if (first === undefined) throw new Error(`demonstration of seed ${seed}: it has no steps`);
    const columns = columnsOf(first);
    this.#checkColumns(columns);
    const episode = this.#episodes.length;
    if (!this.#tasks.includes(instruction)) {
      this.#tasks.push(instruction);
      this.#append('tasks.jsonl', { task_index: this.#tasks.length - 1, task: instruction });
    }
    this.#write(episode, columns, steps, this.#tasks.indexOf(instruction));
    this.#frames += steps.length;
    this.#append('episodes_stats.jsonl', {
      episode_index: episode,
      stats: {
        'observation.state': statistics(steps.map(({ state }) => state)),
        action: statistics(steps.map(firstAction)),
      },
    });
    const entry = {
      episode_index: episode,
      tasks: [instruction],
      length: steps.length,
      ...(seed !== undefined && { seed }),
      ...(success !== undefined && { success }),
    };
    this.#episodes.push(entry);
    this.#append('episodes.jsonl', entry);
    if (episode === 0) {
      const modality = modalityOf(first.state.length, firstAction(first).length);
      writeFileSync(this.#meta('modality.json'), `${JSON.stringify(modality, undefined, 2)}\n`);
    }
    this.#describe();
  }

  /** Says more about where the episodes are from. */
  describe(provenance: Readonly<Record<string, unknown>>): void {
    this.#provenance = { ...this.#provenance, ...provenance };
    this.#describe();
  }

  #write(episode: number, columns: readonly Column[], steps: readonly DemonstrationStep[], task: number): void {
    const chunk = join(this.#directory, 'data', `chunk-${String(Math.floor(episode / CHUNK)).padStart(3, '0')}`);
    mkdirSync(chunk, { recursive: true });
    const counts = (i: number) => [i, episode, this.#frames + i, task];
    const data = [
      ...columns.map((column) => ({ ...column, values: steps.map((step) => column.read(step)) })),
      {
        name: 'timestamp',
        type: 'FLOAT' as const,
        list: false,
        values: steps.map((_, i): unknown => i / this.#fps),
      },
      ...counters.map((name, c) => ({
        name,
        type: 'INT64' as const,
        list: false,
        values: steps.map((_, i): unknown => BigInt(counts(i)[c]!)),
      })),
    ];
    parquetWriteFile({
      filename: join(chunk, `episode_${String(episode).padStart(6, '0')}.parquet`),
      // Bytes of equal significance together: numbers that change little compress well so.
      columnData: data.map(({ name, values, type, list }) => ({
        name,
        data: values,
        ...(list && type === 'FLOAT' && { encoding: 'BYTE_STREAM_SPLIT' as const }),
      })),
      schema: [
        { name: 'root', num_children: data.length },
        ...data.flatMap(({ name, type, list }) =>
          list
            ? [
                { name, num_children: 1, repetition_type: 'REQUIRED' as const, converted_type: 'LIST' as const },
                { name: 'list', num_children: 1, repetition_type: 'REPEATED' as const },
                { name: 'element', type, repetition_type: 'REQUIRED' as const },
              ]
            : [{ name, type, repetition_type: 'REQUIRED' as const }],
        ),
      ],
      codec: 'GZIP',
      compressors: { GZIP: (bytes) => gzipSync(bytes) },
      statistics: false,
    });
  }

  #checkColumns(columns: readonly Column[]): void {
    const scalar = (dtype: Feature['dtype']) => ({ dtype, shape: [1] });
    const here = {
      ...Object.fromEntries(columns.map(({ name, dtype, shape }) => [name, { dtype, shape }])),
      timestamp: scalar('float32'),
      ...Object.fromEntries(counters.map((name) => [name, scalar('int64')])),
    };
    if (this.#episodes.length > 0 && !isDeepStrictEqual(here, this.#features)) {
      const names = (described: Record<string, Feature>) => Object.keys(described).join(', ');
      throw new Error(
        `the episode has the columns ${names(here)}, those before have ${names(this.#features)}: ` +
          'write them into separate data sets',
      );
    }
    this.#features = here;
  }

  /** Takes up the data set that is there. */
  #resume(): void {
    const info = JSON.parse(readFileSync(this.#meta('info.json'), 'utf8')) as Record<string, unknown>;
    for (const [key, value] of Object.entries({ fps: this.#fps, ...this.#provenance })) {
      if (isDeepStrictEqual(info[key], value)) continue;
      throw new Error(
        `${this.#directory} holds a data set with ${key} ${JSON.stringify(info[key])}, not ${JSON.stringify(value)}`,
      );
    }
    this.#features = info.features as Record<string, Feature>;
    for (const { task } of this.#lines<{ task: string }>('tasks.jsonl')) this.#tasks.push(task);
    this.#episodes.push(...this.#lines<EpisodeEntry>('episodes.jsonl'));
    this.#frames = this.#episodes.reduce((sum, { length }) => sum + length, 0);
    // An interruption between two files leaves one line too many.
    const kept = this.#lines<{ episode_index: number }>('episodes_stats.jsonl').slice(0, this.#episodes.length);
    writeFileSync(this.#meta('episodes_stats.jsonl'), kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
    this.#describe();
  }

  #describe(): void {
    const episodes = this.#episodes.length;
    const info = {
      codebase_version: 'v2.1',
      robot_type: 'h2_plus',
      total_episodes: episodes,
      total_frames: this.#frames,
      total_tasks: this.#tasks.length,
      total_videos: 0,
      total_chunks: Math.ceil(episodes / CHUNK),
      chunks_size: CHUNK,
      fps: this.#fps,
      splits: { train: `0:${episodes}` },
      data_path: 'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet',
      video_path: null,
      ...this.#provenance,
      features: this.#features,
    };
    // In one go, so that there is always a whole one.
    writeFileSync(this.#meta('info.json.part'), `${JSON.stringify(info, undefined, 2)}\n`);
    renameSync(this.#meta('info.json.part'), this.#meta('info.json'));
    for (const name of ['tasks.jsonl', 'episodes.jsonl', 'episodes_stats.jsonl']) appendFileSync(this.#meta(name), '');
  }

  #append(name: string, entry: unknown): void {
    appendFileSync(this.#meta(name), `${JSON.stringify(entry)}\n`);
  }

  /** Whole lines of a file: an interruption may have cut the last one. */
  #lines<T>(name: string): T[] {
    const text = readFileSync(this.#meta(name), 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole !== text) writeFileSync(this.#meta(name), whole);
    return whole
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as T);
  }

  #meta(name: string): string {
    return join(this.#directory, 'meta', name);
  }
}
