import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type Column,
  columnsOf,
  type DemonstrationStep,
  type Feature,
  firstAction,
  HEAD_COLOR,
  modalityOf,
  videoFeature,
} from './lerobot-columns.js';
import { writeParquet } from './lerobot-parquet.js';
import { pictureStatistics, statistics } from './lerobot-statistics.js';
import type { VideoEncoder } from './video-encoder.js';

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

/** Where the files of an episode are, as info.json states it. */
const DATA_PATH = 'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet';
const VIDEO_PATH = 'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4';

/**
 * Writes demonstrations in the LeRobot v2.1 layout with GR00T's modality.json, one parquet file an episode, and one MP4
 * of the head camera's colour where there is an encoder. After every episode the directory is a whole data set: writing
 * can be interrupted and taken up again.
 */
export class LeRobotWriter {
  readonly #directory: string;
  readonly #fps: number;
  readonly #encoder: VideoEncoder | undefined;
  #provenance: Readonly<Record<string, unknown>>;
  readonly #tasks: string[] = [];
  readonly #episodes: EpisodeEntry[] = [];
  #frames = 0;
  #features: Record<string, Feature> = {};

  /**
   * Opens a directory; the episodes of a data set that is there are kept.
   * @param fps policy steps a second
   * @param provenance where the episodes are from, for info.json
   * @param encoder makes a video of the pictures, which are raw columns without
   * @throws Error where the directory holds a data set of another origin
   */
  constructor(
    directory: string,
    fps: number,
    provenance: Readonly<Record<string, unknown>> = {},
    encoder?: VideoEncoder,
  ) {
    this.#directory = directory;
    this.#fps = fps;
    this.#encoder = encoder;
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
   * @throws Error for an episode without steps, with other columns than those before, or that has no pictures to encode
   */
  add({ instruction, seed, success, steps }: Demonstration): void {
    const [first] = steps;
    if (first === undefined) throw new Error(`demonstration of seed ${seed}: it has no steps`);
    const pictures = this.#pictures(steps);
    const columns = columnsOf(first, pictures === undefined);
    this.#checkColumns(columns);
    const episode = this.#episodes.length;
    if (!this.#tasks.includes(instruction)) {
      this.#tasks.push(instruction);
      this.#append('tasks.jsonl', { task_index: this.#tasks.length - 1, task: instruction });
    }
    this.#write(episode, columns, steps, this.#tasks.indexOf(instruction));
    if (pictures !== undefined) this.#encode(episode, pictures);
    this.#frames += steps.length;
    this.#append('episodes_stats.jsonl', {
      episode_index: episode,
      stats: {
        'observation.state': statistics(steps.map(({ state }) => state)),
        action: statistics(steps.map(firstAction)),
        ...(pictures !== undefined && { [HEAD_COLOR]: pictureStatistics(pictures) }),
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
      const modality = modalityOf(first.state.length, firstAction(first).length, pictures !== undefined);
      writeFileSync(this.#meta('modality.json'), `${JSON.stringify(modality, undefined, 2)}\n`);
    }
    this.#describe();
  }

  /** Says more about where the episodes are from. */
  describe(provenance: Readonly<Record<string, unknown>>): void {
    this.#provenance = { ...this.#provenance, ...provenance };
    this.#describe();
  }

  /** What is to be encoded of an episode. */
  #pictures(steps: readonly DemonstrationStep[]): Uint8Array[] | undefined {
    if (this.#encoder === undefined) return undefined;
    const pictures = steps.flatMap(({ color }) => (color === undefined ? [] : [color]));
    if (pictures.length < steps.length) {
      throw new Error(
        `${steps.length - pictures.length} of ${steps.length} steps have no picture: there can be no video`,
      );
    }
    return pictures;
  }

  #encode(episode: number, pictures: readonly Uint8Array[]): void {
    const file = this.#file(VIDEO_PATH.replace('{video_key}', HEAD_COLOR), episode);
    const [height, width] = this.#features[HEAD_COLOR]!.shape as [number, number, number];
    this.#encoder!.encode(file, pictures, width, height, this.#fps);
  }

  /** Path of an episode's file, in a folder that exists. */
  #file(pattern: string, episode: number): string {
    const file = join(
      this.#directory,
      pattern
        .replace('{episode_chunk:03d}', String(Math.floor(episode / CHUNK)).padStart(3, '0'))
        .replace('{episode_index:06d}', String(episode).padStart(6, '0')),
    );
    mkdirSync(dirname(file), { recursive: true });
    return file;
  }

  #write(episode: number, columns: readonly Column[], steps: readonly DemonstrationStep[], task: number): void {
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
    writeParquet(this.#file(DATA_PATH, episode), data);
  }

  #checkColumns(columns: readonly Column[]): void {
    const scalar = (dtype: Feature['dtype']) => ({ dtype, shape: [1] });
    const here = {
      ...Object.fromEntries(columns.map(({ name, dtype, shape }) => [name, { dtype, shape }])),
      timestamp: scalar('float32'),
      ...Object.fromEntries(counters.map((name) => [name, scalar('int64')])),
      ...(this.#encoder !== undefined && { [HEAD_COLOR]: videoFeature(this.#encoder, this.#fps) }),
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
      total_videos: this.#encoder === undefined ? 0 : episodes,
      total_chunks: Math.ceil(episodes / CHUNK),
      chunks_size: CHUNK,
      fps: this.#fps,
      splits: { train: `0:${episodes}` },
      data_path: DATA_PATH,
      video_path: this.#encoder === undefined ? null : VIDEO_PATH,
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
