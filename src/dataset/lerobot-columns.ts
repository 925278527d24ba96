import type { VideoEncoder, VideoInfo } from './video-encoder.js';

/** One policy step of an episode: what is recorded, of what there was. */
export interface DemonstrationStep {
  /** Proprioception: 27 of one arm, or those of the right arm then of the left one. */
  readonly state: Float32Array;
  /** The clean plan, horizon × 7, relative to the commanded gripper pose of the arm that acts. */
  readonly plan: Float64Array;
  /** The arm that acts: 0 right, 1 left. */
  readonly arm?: number | undefined;
  /** Target then receptacle in base_link, m, 6: a label, never an input. Where it is not known the column is left out. */
  readonly objects?: readonly number[] | undefined;
  /** rgb8, 48 × 64 × 3. */
  readonly color?: Uint8Array | undefined;
  /** 0.1 mm, 48 × 64. */
  readonly depth?: Uint16Array | undefined;
  /** Intrinsics and transform of the camera, 16. */
  readonly camera?: Float32Array | undefined;
  /** Generalised coordinates of the simulation. */
  readonly qpos?: Float64Array | undefined;
  /** Joint positions in URDF order, rad. */
  readonly joints?: Float32Array | undefined;
  /** base_link in the world: x, y, z (m), quaternion x, y, z, w. */
  readonly base?: Float32Array | undefined;
  /** World poses of the scene's bodies, 7 each, in the order of meta/scene.json. */
  readonly bodies?: Float32Array | undefined;
  /** The 16 quantities of msg/WorldState.msg from the simulation's truth: labels. */
  readonly quantities?: Float32Array | undefined;
  /** For each body of the scene whether it is there: 1 or 0. */
  readonly present?: Float32Array | undefined;
}

/** How a column, or a camera's video, appears in info.json. */
export interface Feature {
  readonly dtype: 'float32' | 'float64' | 'int64' | 'uint8' | 'uint16' | 'video';
  readonly shape: readonly number[];
  readonly names?: readonly string[];
  readonly info?: VideoInfo;
}

/** Height and width of the policy's pictures. */
const PICTURE = [48, 64] as const;
/** The feature of the head camera's colour, as raw bytes or as video. */
export const HEAD_COLOR = 'observation.images.head_rgb';

/** A column: a list of numbers of a fixed length, a single number, or raw bytes. */
export interface Column extends Feature {
  readonly name: string;
  readonly type: 'FLOAT' | 'DOUBLE' | 'INT64' | 'BYTE_ARRAY';
  readonly list: boolean;
  readonly read: (step: DemonstrationStep) => unknown;
}

/** A column of lists of float32. */
function floats(
  name: string,
  read: (step: DemonstrationStep) => ArrayLike<number> | undefined,
  like: DemonstrationStep,
) {
  const values = read(like);
  if (values === undefined) return [];
  const column = { name, dtype: 'float32', shape: [values.length], type: 'FLOAT', list: true } as const;
  return [{ ...column, read: (step: DemonstrationStep) => Array.from(read(step)!) }];
}

/** A column of raw bytes, little-endian. */
function bytes(
  name: string,
  dtype: 'uint8' | 'uint16',
  shape: readonly number[],
  read: (step: DemonstrationStep) => Uint8Array | Uint16Array | undefined,
  like: DemonstrationStep,
) {
  if (read(like) === undefined) return [];
  const column = { name, dtype, shape, type: 'BYTE_ARRAY', list: false } as const;
  const raw = (step: DemonstrationStep) => {
    const data = read(step)!;
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  };
  return [{ ...column, read: raw }];
}

/** First step of the plan, and the arm where there is one. */
export function firstAction({ plan, arm }: DemonstrationStep): Float64Array {
  return arm === undefined ? plan.slice(0, 7) : Float64Array.of(...plan.subarray(0, 7), arm);
}

/**
 * The columns of a data set whose steps have what this one has.
 * @param raw whether pictures are among them
 */
export function columnsOf(like: DemonstrationStep, raw: boolean): Column[] {
  const { arm, qpos } = like;
  return [
    ...floats('observation.state', ({ state }) => state, like),
    ...floats('action', firstAction, like),
    ...floats('action_plan', ({ plan }) => plan, like),
    ...(arm === undefined
      ? []
      : [
          {
            name: 'arm',
            dtype: 'int64',
            shape: [1],
            type: 'INT64',
            list: false,
            read: (step) => BigInt(step.arm!),
          } as const satisfies Column,
        ]),
    ...floats('observation.objects', ({ objects }) => objects, like),
    ...floats('observation.camera', ({ camera }) => camera, like),
    ...(raw
      ? [
          ...bytes(HEAD_COLOR, 'uint8', [...PICTURE, 3], ({ color }) => color, like),
          ...bytes('observation.images.head_depth', 'uint16', PICTURE, ({ depth }) => depth, like),
        ]
      : []),
    ...floats('sim.joints', ({ joints }) => joints, like),
    ...floats('sim.base', ({ base }) => base, like),
    ...floats('sim.bodies', ({ bodies }) => bodies, like),
    ...(qpos === undefined
      ? []
      : [
          {
            name: 'sim.qpos',
            dtype: 'float64',
            shape: [qpos.length],
            type: 'DOUBLE',
            list: true,
            read: (step) => Array.from(step.qpos!),
          } as const satisfies Column,
        ]),
    ...floats('labels.quantities', ({ quantities }) => quantities, like),
    ...floats('labels.present', ({ present }) => present, like),
  ];
}

/** The feature of the head camera's video. */
export function videoFeature(encoder: VideoEncoder, fps: number): Feature {
  const [height, width] = PICTURE;
  const names = ['height', 'width', 'channels'];
  return { dtype: 'video', shape: [...PICTURE, 3], names, info: encoder.info(width, height, fps) };
}

/** The parts of the state and of the action, for GR00T's modality.json: half-open slices; and the video, if any. */
export function modalityOf(stateSize: number, actionSize: number, video: boolean): unknown {
  const parts = {
    commanded_position: 3,
    commanded_rotation: 6,
    measured_position: 3,
    measured_rotation: 6,
    gripper_command: 1,
    finger_flexion: 1,
    arm_joint_positions: 7,
  };
  const armSize = Object.values(parts).reduce((sum, size) => sum + size, 0);
  const prefixes = stateSize === armSize ? [''] : ['right_', 'left_'];
  const named = (sizes: readonly (readonly [string, number])[]) => {
    let start = 0;
    return Object.fromEntries(
      sizes.map(([name, size]) => {
        const slice = { start, end: start + size };
        start += size;
        return [name, slice];
      }),
    );
  };
  const action = [
    ['position', 3],
    ['rotation_vector', 3],
    ['gripper', 1],
    ['arm', 1],
  ] as const;
  return {
    state: named(
      prefixes.flatMap((prefix) => Object.entries(parts).map(([name, size]) => [prefix + name, size] as const)),
    ),
    action: named(action.slice(0, actionSize === 8 ? 4 : 3)),
    video: video ? { head: { original_key: HEAD_COLOR } } : {},
    annotation: { 'human.action.task_description': { original_key: 'task_index' } },
  };
}
