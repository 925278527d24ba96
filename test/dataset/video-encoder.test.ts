import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { type DemonstrationStep, LeRobotWriter } from '../../src/dataset/lerobot-writer.js';
import { VideoEncoder } from '../../src/dataset/video-encoder.js';

const [HEIGHT, WIDTH, FPS, STEPS] = [48, 64, 10, 7];
const KEY = 'observation.images.head_rgb';
/** Largest mean difference of a picture's values from what was encoded, of 255. */
const MEAN_ERROR = 1.5;

/** A colourful gradient with a square that moves: a picture like what a camera sees, and one that differs from the next. */
function picture(time: number): Uint8Array {
  const pixels = new Uint8Array(3 * HEIGHT * WIDTH);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const inside = y >= 16 && y < 32 && x >= 6 * time && x < 6 * time + 16;
      pixels.set(inside ? [220, 30, 40] : [40 + 2 * x, 60 + 3 * y, 200 - x - y], 3 * (y * WIDTH + x));
    }
  }
  return pixels;
}

const step = (time: number): DemonstrationStep => ({
  state: new Float32Array(27).fill(time),
  plan: new Float64Array(70),
  color: picture(time),
  depth: new Uint16Array(HEIGHT * WIDTH),
});
const steps = Array.from({ length: STEPS }, (_, i) => step(i));

describe('VideoEncoder', () => {
  let folder: string;
  before(function () {
    if (spawnSync('ffmpeg', ['-version']).error === undefined && spawnSync('ffprobe', ['-version']).error === undefined)
      return;
    console.log('      ffmpeg is missing: videos are not tested (Debian: apt-get install ffmpeg)');
    this.skip();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'video-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const video = (episode: number) => join(folder, 'videos', 'chunk-000', KEY, `episode_00000${episode}.mp4`);
  const json = (name: string) => JSON.parse(readFileSync(join(folder, 'meta', name), 'utf8'));

  function decode(file: string): Buffer {
    const args = ['-loglevel', 'error', '-i', file, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
    const { status, stdout, stderr } = spawnSync('ffmpeg', args);
    expect(status, stderr.toString()).to.equal(0);
    return stdout;
  }

  it('makes of each episode a video whose frames are the pictures, at the steps’ times', () => {
    const writer = new LeRobotWriter(folder, FPS, {}, new VideoEncoder());
    writer.add({ instruction: 'go', steps });
    writer.add({ instruction: 'go', steps: steps.slice(3) });
    const pixels = decode(video(0));
    expect(pixels).to.have.length(STEPS * 3 * HEIGHT * WIDTH);
    for (const [i, { color }] of steps.entries()) {
      const error = color!.reduce((sum, value, k) => sum + Math.abs(value - pixels[i * color!.length + k]!), 0);
      expect(error / color!.length, `picture ${i}`).to.be.below(MEAN_ERROR);
    }
    expect(decode(video(1))).to.have.length((STEPS - 3) * 3 * HEIGHT * WIDTH);

    const entries = 'stream=codec_name,width,height,pix_fmt,avg_frame_rate,color_space:frame=pts_time,key_frame';
    const probe = spawnSync('ffprobe', ['-v', 'error', '-show_entries', entries, '-of', 'json', video(0)]);
    const { streams, frames } = JSON.parse(probe.stdout.toString());
    expect(frames.map(({ pts_time }: { pts_time: string }) => Number(pts_time))).to.deep.equal(
      steps.map((_, i) => i / FPS),
    );
    const feature = json('info.json').features[KEY];
    expect(feature).to.deep.include({
      dtype: 'video',
      shape: [HEIGHT, WIDTH, 3],
      names: ['height', 'width', 'channels'],
    });
    expect(streams).to.deep.equal([
      {
        codec_name: feature.info['video.codec'],
        width: feature.info['video.width'],
        height: feature.info['video.height'],
        pix_fmt: feature.info['video.pix_fmt'],
        color_space: 'smpte170m',
        avg_frame_rate: `${feature.info['video.fps']}/1`,
      },
    ]);
  });

  it('describes the videos, which stand for the raw pictures', async () => {
    const writer = new LeRobotWriter(folder, FPS, {}, new VideoEncoder());
    writer.add({ instruction: 'go', steps });
    expect(json('info.json')).to.include({
      total_videos: 1,
      video_path: 'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4',
    });
    expect(json('modality.json').video).to.deep.equal({ head: { original_key: KEY } });
    const file = await asyncBufferFromFile(join(folder, 'data/chunk-000/episode_000000.parquet'));
    const columns = (await parquetMetadataAsync(file)).schema.map(({ name }) => name);
    expect(columns.filter((name) => name.startsWith('observation.images'))).to.deep.equal([]);
    const { min, max, mean, std, count } = json('episodes_stats.jsonl').stats[KEY];
    const reds = steps.flatMap(({ color }) => [...color!.filter((_, k) => k % 3 === 0)].map((value) => value / 255));
    const average = reds.reduce((sum, value) => sum + value, 0) / reds.length;
    const deviation = Math.sqrt(reds.reduce((sum, value) => sum + (value - average) ** 2, 0) / reds.length);
    expect([min[0], max[0], count]).to.deep.equal([[[Math.min(...reds)]], [[Math.max(...reds)]], [STEPS]]);
    expect(mean[0][0][0]).to.be.closeTo(average, 1e-9);
    expect(std[0][0][0]).to.be.closeTo(deviation, 1e-9);
    expect([mean, std].map(({ length }) => length)).to.deep.equal([3, 3]);
  });

  it('is taken up again, but not without the encoder, and refuses steps without pictures', () => {
    new LeRobotWriter(folder, FPS, {}, new VideoEncoder()).add({ instruction: 'go', steps });
    const again = new LeRobotWriter(folder, FPS, {}, new VideoEncoder());
    again.add({ instruction: 'go', steps });
    expect(json('info.json')).to.include({ total_episodes: 2, total_videos: 2 });
    expect(decode(video(1))).to.have.length(STEPS * 3 * HEIGHT * WIDTH);
    const { color: _color, ...blind } = steps[0]!;
    expect(() => again.add({ instruction: 'go', steps: [blind, ...steps] })).to.throw('1 of 8 steps have no picture');
    expect(() => new LeRobotWriter(folder, FPS).add({ instruction: 'go', steps })).to.throw('separate data sets');
  });

  it('names the remedy where there is no ffmpeg', () => {
    const path = process.env.PATH;
    process.env.PATH = folder;
    try {
      expect(() => new VideoEncoder()).to.throw(/ffmpeg cannot be run .*install it .*sudo apt install ffmpeg/);
    } finally {
      process.env.PATH = path;
    }
  });
});
