import { type Intrinsics, intrinsicsFromK } from './camera-model.js';
import { colorPixels, depthPixels, type EncodedImage } from './image-frame.js';
import { DepthRegistration } from './registration.js';
import { type ChannelStatistics, type SynchronizedSet, Synchronizer } from './synchronizer.js';

/** The two images of an RGB-D camera. */
export type Stream = 'color' | 'depth';

/** The fields of sensor_msgs/CameraInfo that matter. */
export interface CameraInfo {
  readonly width: number;
  readonly height: number;
  /** Row-major 3 × 3. */
  readonly k: ArrayLike<number>;
  /** Distortion; must be empty or zero. */
  readonly d: ArrayLike<number>;
}

/** What one camera saw, depth registered to colour. */
export interface FusedCamera {
  readonly name: string;
  /** Exposure of the colour image, s. */
  readonly stamp: number;
  /** Exposure of the depth image minus that of the colour image, s. */
  readonly depthSkew: number;
  /** Intrinsics of both images. */
  readonly intrinsics: Intrinsics;
  /** rgb8, height × width × 3. */
  readonly color: Uint8Array;
  /**
   * m along the optical axis; 0, NaN or infinite where there is none; height × width. Where depth had to be registered,
   * valid until the next observation.
   */
  readonly depth: Float32Array;
  /** Row-major 3 × 4, from the optical frame to base_link at the exposure, m. */
  readonly transform: Float64Array;
}

/** What all cameras saw at one moment. */
export interface FusedObservation {
  /** Exposure of the first camera's colour image, s. */
  readonly stamp: number;
  /** In the order of the configuration; optional cameras may be missing, the first never is. */
  readonly cameras: readonly FusedCamera[];
}

/** Counts for diagnostics. */
export interface FusionStatistics {
  readonly fused: number;
  /** Complete sets given up because a camera's pose at that time was unknown. */
  readonly unplaced: number;
  /** How often the stamps went back. */
  readonly restarts: number;
  /** For each camera and stream. */
  readonly streams: readonly FusionStream[];
}

/** Counts of one stream. */
export interface FusionStream extends Readonly<ChannelStatistics> {
  readonly camera: string;
  readonly stream: Stream;
  /** What was wrong with the latest torn frame. */
  readonly fault: string | undefined;
}

/** Settings of a {@link CameraFusion}. */
export interface CameraFusionOptions {
  /** Names of the cameras; the first gives the observations their stamps. */
  readonly cameras: readonly string[];
  /** Cameras that an observation can do without. */
  readonly optional?: readonly string[];
  /** Greatest difference between the stamps in an observation, s. */
  readonly tolerance: number;
  /** How many frames of a stream wait at most. */
  readonly queueLength?: number;
  /**
   * Writes the transform of a camera's optical frame to base_link at a time (s) into a row-major 3 × 4 matrix, and
   * says whether it is known.
   */
  readonly locate: (camera: string, stamp: number, transform: Float64Array) => boolean;
}

interface Camera {
  readonly name: string;
  readonly infos: { color?: Intrinsics; depth?: Intrinsics };
  readonly faults: { color?: string; depth?: string };
  colorFromDepth: ArrayLike<number> | undefined;
  registration: DepthRegistration | undefined;
}

type Pixels = Uint8Array | Float32Array;

/**
 * Makes observations of the images of several RGB-D cameras: checks them, brings together those of one moment,
 * registers depth to colour, and says where each camera was. Bad frames are counted, never passed on,
 * and never throw.
 */
export class CameraFusion {
  readonly #cameras: readonly Camera[];
  readonly #synchronizer: Synchronizer<Pixels>;
  readonly #locate: CameraFusionOptions['locate'];
  readonly #onObservation: (observation: FusedObservation) => void;
  #fused = 0;
  #unplaced = 0;

  /** @param onObservation - is given each observation; its images may be views of the messages they came in. */
  constructor(options: CameraFusionOptions, onObservation: (observation: FusedObservation) => void) {
    const streams = (names: readonly string[]) => names.flatMap((n) => [channel(n, 'color'), channel(n, 'depth')]);
    this.#cameras = options.cameras.map((name) => ({
      name,
      infos: {},
      faults: {},
      colorFromDepth: undefined,
      registration: undefined,
    }));
    this.#locate = options.locate;
    this.#onObservation = onObservation;
    const { tolerance, queueLength, optional = [] } = options;
    this.#synchronizer = new Synchronizer<Pixels>(
      {
        channels: streams(options.cameras),
        optional: streams(optional),
        tolerance,
        ...(queueLength === undefined ? {} : { queueLength }),
      },
      (set) => this.#fuse(set),
    );
  }

  /**
   * Takes the calibration of a stream; its frames are refused before.
   *
   * @throws Error if it is not that of a pinhole camera without distortion.
   */
  setCameraInfo(name: string, stream: Stream, info: CameraInfo): void {
    const camera = this.#camera(name);
    if (Array.from(info.d).some((coefficient) => coefficient !== 0)) {
      throw new Error(
        `Camera '${name}' (${stream}) has the distortion [${Array.from(info.d).join(', ')}]; ` +
          'rectify its images first (image_proc does) and use the rectified topics.',
      );
    }
    camera.infos[stream] = intrinsicsFromK(info.width, info.height, info.k);
    this.#register(camera);
  }

  /**
   * Takes the transform (row-major 3 × 4, m) from a camera's depth to its colour optical frame; identity by default.
   */
  setColorFromDepth(name: string, transform: ArrayLike<number>): void {
    const camera = this.#camera(name);
    camera.colorFromDepth = transform;
    this.#register(camera);
  }

  /** Takes an image, exposed at `stamp` (s). */
  addImage(name: string, stream: Stream, stamp: number, image: EncodedImage): void {
    const camera = this.#camera(name);
    let pixels: Pixels;
    try {
      pixels = decode(camera, stream, stamp, image);
    } catch (error) {
      camera.faults[stream] = error instanceof Error ? error.message : String(error);
      this.#synchronizer.reject(channel(name, stream));
      return;
    }
    this.#synchronizer.add(channel(name, stream), stamp, pixels);
  }

  /** The counts so far. */
  statistics(): FusionStatistics {
    return {
      fused: this.#fused,
      unplaced: this.#unplaced,
      restarts: this.#synchronizer.restarts,
      streams: this.#cameras.flatMap(({ name, faults }) =>
        (['color', 'depth'] as const).map((stream) => ({
          ...this.#synchronizer.statistics(channel(name, stream)),
          camera: name,
          stream,
          fault: faults[stream],
        })),
      ),
    };
  }

  #fuse(set: SynchronizedSet<Pixels>): void {
    const cameras: FusedCamera[] = [];
    for (const [i, camera] of this.#cameras.entries()) {
      const color = set.frames[2 * i];
      const depth = set.frames[2 * i + 1];
      if (color === undefined || depth === undefined) continue;
      const transform = new Float64Array(12);
      if (!this.#locate(camera.name, color.stamp, transform)) {
        this.#unplaced++;
        return;
      }
      cameras.push({
        name: camera.name,
        stamp: color.stamp,
        depthSkew: depth.stamp - color.stamp,
        intrinsics: camera.infos.color!,
        color: color.data as Uint8Array,
        depth: camera.registration!.register(depth.data as Float32Array),
        transform,
      });
    }
    this.#fused++;
    this.#onObservation({ stamp: set.stamp, cameras });
  }

  #register(camera: Camera): void {
    const { color, depth } = camera.infos;
    if (color !== undefined && depth !== undefined) {
      camera.registration = new DepthRegistration(depth, color, camera.colorFromDepth);
    }
  }

  #camera(name: string): Camera {
    const camera = this.#cameras.find((candidate) => candidate.name === name);
    if (camera === undefined) {
      throw new Error(`Camera '${name}' is unknown; there are ${this.#cameras.map((c) => c.name).join(', ')}.`);
    }
    return camera;
  }
}

function channel(camera: string, stream: Stream): string {
  return `${camera}/${stream}`;
}

function decode(camera: Camera, stream: Stream, stamp: number, image: EncodedImage): Pixels {
  const intrinsics = camera.infos[stream];
  if (intrinsics === undefined || camera.registration === undefined) {
    throw new Error('The camera_info of colour and depth has not both come yet.');
  }
  if (!Number.isFinite(stamp)) throw new Error(`Stamp is ${stamp} s; it must be finite.`);
  if (image.width !== intrinsics.width || image.height !== intrinsics.height) {
    throw new Error(
      `Image is ${image.width}×${image.height}; camera_info says ${intrinsics.width}×${intrinsics.height}.`,
    );
  }
  return stream === 'color' ? colorPixels(image) : depthPixels(image);
}
