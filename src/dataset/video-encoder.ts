import { spawnSync } from 'node:child_process';

/** What is known of a video of a camera, for the feature's `info` in LeRobot's info.json. */
export interface VideoInfo {
  readonly 'video.height': number;
  readonly 'video.width': number;
  readonly 'video.channels': 3;
  readonly 'video.fps': number;
  readonly 'video.codec': 'h264' | 'av1';
  readonly 'video.pix_fmt': typeof PIXEL_FORMAT;
  readonly 'video.is_depth_map': false;
  readonly has_audio: false;
}

/** Encoders of ffmpeg in the order of preference: what they make, and their options for little loss. */
const encoders = {
  libx264: { codec: 'h264', options: ['-crf', '12'] },
  'libaom-av1': { codec: 'av1', options: ['-crf', '18', '-cpu-used', '6'] },
} as const;

/** Colours at full resolution: in pictures so small, half of it would blur every edge. */
const PIXEL_FORMAT = 'yuv444p';

const REMEDY = 'install it (Debian, Ubuntu: sudo apt install ffmpeg), or write the data set without video';

/** Every so many frames one is coded for itself: a trainer that draws single frames then decodes few others. */
const KEY_FRAME_EVERY = 2;

/** Encodes pictures as MP4 with the system's `ffmpeg`. */
export class VideoEncoder {
  readonly #encoder: keyof typeof encoders;

  /** @throws Error where there is no ffmpeg, or one that encodes neither H.264 nor AV1; it names the remedy */
  constructor() {
    const listed = run(['-encoders']).toString();
    const names = Object.keys(encoders) as (keyof typeof encoders)[];
    const found = names.find((name) => new RegExp(` ${name} `).test(listed));
    if (found === undefined) {
      throw new Error(`this ffmpeg has none of the encoders ${names.join(', ')}: ${REMEDY}`);
    }
    this.#encoder = found;
  }

  /** What `encode` will make. */
  info(width: number, height: number, fps: number): VideoInfo {
    return {
      'video.height': height,
      'video.width': width,
      'video.channels': 3,
      'video.fps': fps,
      'video.codec': encoders[this.#encoder].codec,
      'video.pix_fmt': PIXEL_FORMAT,
      'video.is_depth_map': false,
      has_audio: false,
    };
  }

  /**
   * Writes a video; a file of that name is replaced. Picture i is shown at i / fps seconds.
   * @param pictures rgb8, height × width × 3 each
   * @throws Error with ffmpeg's words
   */
  encode(file: string, pictures: readonly Uint8Array[], width: number, height: number, fps: number): void {
    // Colours by BT.601, and marked so: players guess otherwise.
    run(
      [
        ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', String(fps), '-i', 'pipe:0'],
        ...['-vf', 'scale=out_color_matrix=bt601:out_range=tv:flags=accurate_rnd+full_chroma_int'],
        ...['-pix_fmt', PIXEL_FORMAT, '-colorspace', 'smpte170m', '-color_range', 'tv'],
        ...['-c:v', this.#encoder, ...encoders[this.#encoder].options, '-g', String(KEY_FRAME_EVERY), '-y', file],
      ],
      Buffer.concat(pictures),
    );
  }
}

/** Runs ffmpeg and returns what it prints. */
function run(args: readonly string[], input?: Buffer): Buffer {
  const options = ['-hide_banner', '-loglevel', 'error'];
  const { error, status, stdout, stderr } = spawnSync('ffmpeg', [...options, ...args], { input });
  if (error !== undefined) throw new Error(`ffmpeg cannot be run (${error.message}): ${REMEDY}`);
  if (status !== 0) throw new Error(`ffmpeg failed: ${stderr.toString().trim()}`);
  return stdout;
}
