import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { type DemonstrationStep, LeRobotWriter } from '../../src/dataset/lerobot-writer.js';
import { Random } from '../../src/math/random.js';

/** As readers of parquet have it. */
const compressors = { GZIP: (bytes: Uint8Array) => new Uint8Array(gunzipSync(bytes)) };
const PIXELS = 48 * 64;
const random = new Random(1);
const numbers = (length: number) => Float64Array.from({ length }, () => random.normal());

function step() {
  return {
    state: Float32Array.from(numbers(27)),
    plan: numbers(70),
    objects: [...numbers(6)],
    color: Uint8Array.from({ length: 3 * PIXELS }, () => random.integer(256)),
    depth: Uint16Array.from({ length: PIXELS }, () => random.integer(65536)),
    camera: Float32Array.from(numbers(16)),
    qpos: numbers(110),
  } satisfies DemonstrationStep;
}

const demonstration = (instruction: string, seed: number, length: number) => ({
  instruction,
  seed,
  steps: Array.from({ length }, step),
});

describe('LeRobotWriter', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dataset-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const meta = (name: string) => readFileSync(join(folder, 'meta', name), 'utf8');
  const lines = (name: string) =>
    meta(name)
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const parquet = (episode: number) =>
    asyncBufferFromFile(join(folder, `data/chunk-000/episode_00000${episode}.parquet`));

  it('writes what it is given: every column of every step', async () => {
    const writer = new LeRobotWriter(folder, 10, { seed: 7 });
    const episodes = [demonstration('put it down', 7, 3), demonstration('lift it', 9, 2)];
    for (const episode of episodes) writer.add(episode);

    let index = 0;
    for (const [e, { steps }] of episodes.entries()) {
      const rows = await parquetReadObjects({ file: await parquet(e), utf8: false, compressors });
      expect(rows).to.have.length(steps.length);
      for (const [i, row] of rows.entries()) {
        const { state, plan, objects, color, depth, camera, qpos } = steps[i];
        const single = (values: ArrayLike<number>) => Array.from(Float32Array.from(values));
        expect(row['observation.state']).to.deep.equal([...state]);
        expect(row.action).to.deep.equal(single(plan.slice(0, 7)));
        expect(row.action_plan).to.deep.equal(single(plan));
        expect(row['observation.objects']).to.deep.equal(single(objects));
        expect(row['observation.camera']).to.deep.equal([...camera]);
        expect(row['sim.qpos']).to.deep.equal([...qpos]);
        expect(Buffer.compare(row['observation.images.head_rgb'], color)).to.equal(0);
        const bytes = row['observation.images.head_depth'] as Uint8Array;
        expect(bytes).to.have.length(2 * PIXELS);
        expect(bytes[10] + 256 * bytes[11]).to.equal(depth[5]);
        expect(row.timestamp).to.equal(Math.fround(i / 10));
        expect([row.frame_index, row.episode_index, row.index, row.task_index]).to.deep.equal(
          [i, e, index, e].map(BigInt),
        );
        index++;
      }
    }
  });

  it('describes the data set in meta/', async () => {
    const writer = new LeRobotWriter(folder, 10, { seed: 7 });
    writer.add(demonstration('put it down', 7, 3));
    writer.add(demonstration('lift it', 8, 2));
    writer.add(demonstration('put it down', 10, 4));

    const info = JSON.parse(meta('info.json'));
    expect(info).to.include({
      codebase_version: 'v2.1',
      total_episodes: 3,
      total_frames: 9,
      total_tasks: 2,
      total_chunks: 1,
      chunks_size: 1000,
      fps: 10,
      seed: 7,
    });
    expect(info.splits).to.deep.equal({ train: '0:3' });
    const columns = (await parquetMetadataAsync(await parquet(0))).schema
      .filter(({ name }) => !['root', 'list', 'element'].includes(name))
      .map(({ name }) => name);
    expect(Object.keys(info.features)).to.deep.equal(columns);
    expect(info.features['observation.state']).to.deep.equal({ dtype: 'float32', shape: [27] });
    expect(info.features['observation.images.head_depth']).to.deep.equal({ dtype: 'uint16', shape: [48, 64] });
    expect(info.features['sim.qpos']).to.deep.equal({ dtype: 'float64', shape: [110] });

    expect(lines('tasks.jsonl')).to.deep.equal([
      { task_index: 0, task: 'put it down' },
      { task_index: 1, task: 'lift it' },
    ]);
    expect(lines('episodes.jsonl')).to.deep.equal([
      { episode_index: 0, tasks: ['put it down'], length: 3, seed: 7 },
      { episode_index: 1, tasks: ['lift it'], length: 2, seed: 8 },
      { episode_index: 2, tasks: ['put it down'], length: 4, seed: 10 },
    ]);
    const modality = JSON.parse(meta('modality.json'));
    for (const [part, size] of [
      ['state', 27],
      ['action', 7],
    ] as const) {
      let end = 0;
      for (const slice of Object.values(modality[part]) as { start: number; end: number }[]) {
        expect(slice.start).to.equal(end);
        end = slice.end;
      }
      expect(end, part).to.equal(size);
    }
    expect(modality.annotation).to.have.property('human.action.task_description');
  });

  it('keeps statistics of state and action', () => {
    const writer = new LeRobotWriter(folder, 10, { seed: 0 });
    const steps = [1, 2, 6].map((value) => ({ ...step(), state: new Float32Array(27).fill(value) }));
    writer.add({ instruction: 'go', seed: 0, steps });
    const [{ episode_index, stats }] = lines('episodes_stats.jsonl');
    expect(episode_index).to.equal(0);
    const { min, max, mean, std, count } = stats['observation.state'];
    expect([min[0], max[0], mean[0], count]).to.deep.equal([1, 6, 3, [3]]);
    expect(std[26]).to.be.closeTo(Math.sqrt(14 / 3), 1e-12);
    expect(stats.action.mean).to.have.length(7);
  });

  it('leaves out what a recording of a real robot does not tell, and refuses to mix', async () => {
    const writer = new LeRobotWriter(folder, 10);
    const { objects: _objects, qpos: _qpos, ...seen } = step();
    writer.add({ instruction: 'go', steps: [seen] });
    expect(() => writer.add(demonstration('go', 1, 1))).to.throw(/observation\.objects.*separate data sets/);
    writer.describe({ recordings: ['bag'] });
    const info = JSON.parse(meta('info.json'));
    expect(info).to.include({ total_episodes: 1 }).and.to.not.have.property('seed');
    expect(info.recordings).to.deep.equal(['bag']);
    expect(info.features).to.not.have.any.keys('observation.objects', 'sim.qpos');
    const [row] = await parquetReadObjects({ file: await parquet(0), utf8: false, compressors });
    expect(Object.keys(row!)).to.deep.equal(Object.keys(info.features));
    expect(lines('episodes.jsonl')).to.deep.equal([{ episode_index: 0, tasks: ['go'], length: 1 }]);
  });

  it('is a valid, empty data set without episodes, and refuses one without steps', () => {
    const writer = new LeRobotWriter(folder, 10, { seed: 0 });
    expect(() => writer.add({ instruction: 'go', seed: 5, steps: [] })).to.throw('seed 5: it has no steps');
    expect(JSON.parse(meta('info.json'))).to.include({ total_episodes: 0, total_frames: 0 });
    for (const name of ['tasks', 'episodes', 'episodes_stats']) expect(meta(`${name}.jsonl`)).to.equal('');
  });
});
