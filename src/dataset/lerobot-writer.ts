import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parquetWriteFile } from 'hyparquet-writer';

/** What a column holds: lists of numbers of a fixed length, single numbers, or raw bytes. */
type ColumnType = 'FLOAT' | 'DOUBLE' | 'INT64' | 'BYTE_ARRAY';
interface Feature {
  readonly dtype: 'float32' | 'float64' | 'int64' | 'uint8' | 'uint16';
  readonly shape: readonly number[];
  readonly type: ColumnType;
  readonly list: boolean;
}

/** One policy step of an episode. */
export interface DemonstrationStep {
  /** Proprioception, 27. */
  readonly state: Float32Array;
  /** The expert's clean plan, horizon × 7, relative to the commanded gripper pose. */
  readonly plan: Float64Array;
  /** Target then receptacle in base_link, m, 6: a label, never an input. Where it is not known the column is left out. */
  readonly objects?: readonly number[] | undefined;
  /** rgb8, 48 × 64 × 3. */
  readonly color: Uint8Array;
  /** 0.1 mm, 48 × 64. */
  readonly depth: Uint16Array;
  /** Intrinsics and transform of the camera, 16. */
  readonly camera: Float32Array;
  /** Generalised coordinates of the simulation; the column is left out where there was none. */
  readonly qpos?: Float64Array | undefined;
}

/** An episode to write. */
export interface Demonstration {
  readonly instruction: string;
  /** Of the layout, where the episode was simulated. */
  readonly seed?: number | undefined;
  readonly steps: readonly DemonstrationStep[];
}

/** The columns of a data set whose steps are like this one. */
const features = ({ objects, qpos }: Pick<DemonstrationStep, 'objects' | 'qpos'>): Record<string, Feature> => ({
  'observation.state': { dtype: 'float32', shape: [27], type: 'FLOAT', list: true },
  action: { dtype: 'float32', shape: [7], type: 'FLOAT', list: true },
  action_plan: { dtype: 'float32', shape: [70], type: 'FLOAT', list: true },
  ...(objects && { 'observation.objects': { dtype: 'float32', shape: [6], type: 'FLOAT', list: true } }),
  'observation.camera': { dtype: 'float32', shape: [16], type: 'FLOAT', list: true },
  'observation.images.head_rgb': { dtype: 'uint8', shape: [48, 64, 3], type: 'BYTE_ARRAY', list: false },
  'observation.images.head_depth': { dtype: 'uint16', shape: [48, 64], type: 'BYTE_ARRAY', list: false },
  ...(qpos && { 'sim.qpos': { dtype: 'float64', shape: [qpos.length], type: 'DOUBLE', list: true } }),
  timestamp: { dtype: 'float32', shape: [1], type: 'FLOAT', list: false },
  frame_index: { dtype: 'int64', shape: [1], type: 'INT64', list: false },
  episode_index: { dtype: 'int64', shape: [1], type: 'INT64', list: false },
  index: { dtype: 'int64', shape: [1], type: 'INT64', list: false },
  task_index: { dtype: 'int64', shape: [1], type: 'INT64', list: false },
});

/** The parts of the state and of the action, for GR00T's modality.json: half-open slices. */
const modality = {
  state: {
    commanded_position: { start: 0, end: 3 },
    commanded_rotation: { start: 3, end: 9 },
    measured_position: { start: 9, end: 12 },
    measured_rotation: { start: 12, end: 18 },
    gripper_command: { start: 18, end: 19 },
    finger_flexion: { start: 19, end: 20 },
    arm_joint_positions: { start: 20, end: 27 },
  },
  action: {
    position: { start: 0, end: 3 },
    rotation_vector: { start: 3, end: 6 },
    gripper: { start: 6, end: 7 },
  },
  video: {},
  annotation: { 'human.action.task_description': { original_key: 'task_index' } },
};

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
 * Writes demonstrations in the LeRobot v2.1 layout with GR00T's modality.json, 10 Hz, one parquet file an episode.
 * Images are raw pixels in the parquet rows: they are small, and lossless depth matters more than size.
 */
export class LeRobotWriter {
  readonly #directory: string;
  readonly #fps: number;
  readonly #seed: number | undefined;
  readonly #tasks: string[] = [];
  readonly #episodes: string[] = [];
  readonly #statistics: string[] = [];
  #frames = 0;
  #features: Record<string, Feature> = features({ objects: [], qpos: new Float64Array() });

  /**
   * @param fps policy steps a second
   * @param seed first seed of the layouts, kept for the model card
   */
  constructor(directory: string, fps: number, seed?: number) {
    this.#directory = directory;
    this.#fps = fps;
    this.#seed = seed;
    mkdirSync(join(directory, 'meta'), { recursive: true });
  }

  /**
   * Adds an episode: its parquet file is complete when this returns.
   * @throws Error for an episode without steps, or with other columns than those before
   */
  add({ instruction, seed, steps }: Demonstration): void {
    const [first] = steps;
    if (first === undefined) throw new Error(`demonstration of seed ${seed}: it has no steps`);
    const episode = this.#episodes.length;
    const columnsHere = features(first);
    if (episode > 0 && !isDeepStrictEqual(columnsHere, this.#features)) {
      const names = (described: Record<string, Feature>) => Object.keys(described).join(', ');
      throw new Error(
        `the episode has the columns ${names(columnsHere)}, those before have ${names(this.#features)}: ` +
          'write them into separate data sets',
      );
    }
    this.#features = columnsHere;
    const chunk = join(this.#directory, 'data', `chunk-${String(Math.floor(episode / 1000)).padStart(3, '0')}`);
    mkdirSync(chunk, { recursive: true });
    if (!this.#tasks.includes(instruction)) this.#tasks.push(instruction);
    const task = this.#tasks.indexOf(instruction);

    const columns: Record<string, unknown[]> = {
      'observation.state': steps.map(({ state }) => Array.from(state)),
      action: steps.map(({ plan }) => Array.from(plan.subarray(0, 7))),
      action_plan: steps.map(({ plan }) => Array.from(plan)),
      'observation.objects': steps.map(({ objects }) => [...(objects ?? [])]),
      'observation.camera': steps.map(({ camera }) => Array.from(camera)),
      'observation.images.head_rgb': steps.map(({ color }) => color),
      'observation.images.head_depth': steps.map(
        ({ depth }) => new Uint8Array(depth.buffer, depth.byteOffset, depth.byteLength),
      ),
      'sim.qpos': steps.map(({ qpos }) => Array.from(qpos ?? [])),
      timestamp: steps.map((_, i) => i / this.#fps),
      frame_index: steps.map((_, i) => BigInt(i)),
      episode_index: steps.map(() => BigInt(episode)),
      index: steps.map((_, i) => BigInt(this.#frames + i)),
      task_index: steps.map(() => BigInt(task)),
    };
    const described = Object.entries(this.#features);
    parquetWriteFile({
      filename: join(chunk, `episode_${String(episode).padStart(6, '0')}.parquet`),
      columnData: described.map(([name]) => ({ name, data: columns[name]! })),
      schema: [
        { name: 'root', num_children: described.length },
        ...described.flatMap(([name, { type, list }]) =>
          list
            ? [
                { name, num_children: 1, repetition_type: 'REQUIRED' as const, converted_type: 'LIST' as const },
                { name: 'list', num_children: 1, repetition_type: 'REPEATED' as const },
                { name: 'element', type, repetition_type: 'REQUIRED' as const },
              ]
            : [{ name, type, repetition_type: 'REQUIRED' as const }],
        ),
      ],
      statistics: false,
    });

    this.#frames += steps.length;
    this.#episodes.push(JSON.stringify({ episode_index: episode, tasks: [instruction], length: steps.length, seed }));
    this.#statistics.push(
      JSON.stringify({
        episode_index: episode,
        stats: {
          'observation.state': statistics(steps.map(({ state }) => state)),
          action: statistics(steps.map(({ plan }) => plan.subarray(0, 7))),
        },
      }),
    );
  }

  /**
   * Writes the files of `meta/`; call it when the last episode is added.
   * @param provenance where the episodes are from, for info.json
   */
  finish(provenance: Readonly<Record<string, unknown>> = {}): void {
    const lines = (entries: readonly string[]) => entries.map((entry) => `${entry}\n`).join('');
    const meta = (name: string, text: string) => writeFileSync(join(this.#directory, 'meta', name), text);
    const described = Object.entries(this.#features).map(([name, { dtype, shape }]) => [name, { dtype, shape }]);
    const info = {
      codebase_version: 'v2.1',
      robot_type: 'h2_plus',
      total_episodes: this.#episodes.length,
      total_frames: this.#frames,
      total_tasks: this.#tasks.length,
      total_videos: 0,
      total_chunks: Math.ceil(this.#episodes.length / 1000),
      chunks_size: 1000,
      fps: this.#fps,
      splits: { train: `0:${this.#episodes.length}` },
      data_path: 'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet',
      video_path: null,
      seed: this.#seed,
      ...provenance,
      features: Object.fromEntries(described),
    };
    meta('info.json', `${JSON.stringify(info, undefined, 2)}\n`);
    meta('modality.json', `${JSON.stringify(modality, undefined, 2)}\n`);
    meta('tasks.jsonl', lines(this.#tasks.map((task, i) => JSON.stringify({ task_index: i, task }))));
    meta('episodes.jsonl', lines(this.#episodes));
    meta('episodes_stats.jsonl', lines(this.#statistics));
  }
}
