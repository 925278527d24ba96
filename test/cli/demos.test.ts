import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { createLayout } from '../../src/sim/layout.js';
import { task } from '../sim/scene-fixture.js';
import { runCommand } from './command.js';

describe('npm run demos', function () {
  this.timeout(180_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'demos-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const rowsOf = async (out: string, episode: number) => {
    const file = await asyncBufferFromFile(join(out, `data/chunk-000/episode_00000${episode}.parquet`));
    const compressors = { GZIP: (bytes: Uint8Array) => new Uint8Array(gunzipSync(bytes)) };
    return parquetReadObjects({ file, utf8: false, compressors });
  };
  const meta = (out: string, name: string) => readFileSync(join(out, 'meta', name), 'utf8').trimEnd();
  const lines = (out: string, name: string) =>
    meta(out, name)
      .split('\n')
      .map((line) => JSON.parse(line));

  it('writes the expert’s episode as a data set that can be read back, and takes it up again', async () => {
    const out = join(folder, 'set');
    const demos = (...more: string[]) =>
      runCommand('demos', '--task', 'pick_and_place', '--seed', '20000', '--out', out, '--workers', '1', ...more);
    const first = await demos('--episodes', '1', '--images');
    expect(first.code, first.errors).to.equal(0);
    expect(first.output).to.include('expert succeeded on 1 of 1 layouts');

    const info = JSON.parse(meta(out, 'info.json'));
    expect(info).to.include({ total_episodes: 1, fps: 10, seed: 20000, codebase_version: 'v2.1' });
    const [{ length, seed, tasks, success }] = lines(out, 'episodes.jsonl');
    const texts = lines(out, 'tasks.jsonl').map(({ task: text }) => text);
    expect(lines(out, 'episodes_stats.jsonl')).to.have.length(1);
    expect(JSON.parse(meta(out, 'modality.json'))).to.include.keys('state', 'action', 'annotation');
    const bodies = JSON.parse(meta(out, 'scene.json')).bodies.map(({ name }: { name: string }) => name);
    expect(bodies).to.deep.equal(Object.keys(task.scene.bodies));

    const layout = createLayout(task, seed);
    expect([seed, tasks, success]).to.deep.equal([20000, [layout.text], true]);
    const rows = await rowsOf(out, 0);
    expect(rows).to.have.length(length);
    expect(length).to.be.within(40, 120);
    const count = bodies.length;
    const sizes = {
      'observation.state': 54,
      action: 8,
      action_plan: 70,
      'observation.objects': 6,
      'observation.camera': 16,
      'sim.joints': 75,
      'sim.base': 7,
      'sim.bodies': 7 * count,
      'labels.quantities': 16,
      'labels.present': count,
    };
    for (const row of rows) {
      for (const [name, size] of Object.entries(sizes)) {
        expect(row[name], name).to.have.length(size);
        expect(row[name].every(Number.isFinite), name).to.equal(true);
      }
      expect(row['observation.images.head_rgb']).to.have.length(48 * 64 * 3);
      expect(row['observation.images.head_depth']).to.have.length(48 * 64 * 2);
      expect(texts[Number(row.task_index)]).to.equal(layout.text);
      expect(row.action).to.deep.equal([...row.action_plan.slice(0, 7), Number(row.arm)]);
    }
    // The labels: the target starts where the layout puts it and ends in the receptacle.
    const objects = rows.map((row) => row['observation.objects'] as number[]);
    const start = layout.placements.get(layout.instruction.target)!;
    expect(objects[0][0]).to.be.closeTo(start.x, 0.02);
    expect(objects[0][1]).to.be.closeTo(start.y, 0.02);
    const place = 7 * bodies.indexOf(layout.instruction.target);
    expect(rows[0]['sim.bodies'][place]).to.be.closeTo(start.x, 0.02);
    const end = objects.at(-1)!;
    expect(Math.hypot(end[0] - end[3], end[1] - end[4])).to.be.below(0.12);
    // The hand has been closed, held it and is open again.
    const commands = rows.map((row) => row['observation.state'][18] as number);
    expect(Math.max(...commands)).to.equal(1);
    expect([commands[0], commands.at(-1)]).to.deep.equal([0, 0]);
    const grasped = rows.map((row) => row['labels.quantities'][11] as number);
    expect([grasped[0], Math.max(...grasped), grasped.at(-1)]).to.deep.equal([0, 1, 0]);
    expect(rows.at(-1)!['labels.quantities'][10]).to.equal(1);

    const again = await demos('--episodes', '3', '--images', '--shard', '0/2');
    expect(again.code).to.equal(1);
    expect(again.errors).to.include('holds a data set with shard "0/1", not "0/2"');
    const more = await demos('--episodes', '2', '--images');
    expect(more.code, more.errors).to.equal(0);
    expect(more.output).to.include('1 of 2 are there');
    expect(lines(out, 'episodes.jsonl').map((line) => line.seed)).to.deep.equal([20000, 20001]);
    const [row] = await rowsOf(out, 1);
    expect([row.index, row.episode_index]).to.deep.equal([BigInt(length), 1n]);
  });

  it('demonstrates on its feet, and records how the pelvis sways', async () => {
    const out = join(folder, 'standing');
    const options = ['--task', 'pick_and_place', '--seed', '20000', '--episodes', '1', '--workers', '1'];
    const { code, output, errors } = await runCommand('demos', ...options, '--support', 'harness', '--out', out);
    expect(code, errors).to.equal(0);
    expect(output).to.include('expert succeeded on 1 of 1 layouts');
    expect(JSON.parse(meta(out, 'info.json')).support).to.equal('harness');
    const base = (await rowsOf(out, 0)).map((row) => row['sim.base'] as number[]);
    const spread = (i: number) => Math.max(...base.map((pose) => pose[i])) - Math.min(...base.map((pose) => pose[i]));
    // 1 mm to 4 cm ahead and aside; the height stays.
    expect(spread(0)).to.be.within(0.001, 0.04);
    expect(spread(1)).to.be.within(0.001, 0.04);
    expect(spread(2)).to.be.below(0.02);
  });

  it('refuses evaluation seeds, a folder that exists and an unknown task, and loses nothing', async () => {
    const kept = join(folder, 'kept');
    mkdirSync(kept);
    writeFileSync(join(kept, 'data'), '');
    const fresh = join(folder, 'fresh');
    const cases: [string[], RegExp][] = [
      [[], /demos: --out DIR is missing/],
      [['--out', kept], /demos: --out: .*kept exists and holds no data set; choose another directory or add --force/],
      [
        ['--out', fresh, '--seed', '499999', '--episodes', '2'],
        /seeds from 500000 on are for evaluation, 500000 is one/,
      ],
      [['--out', kept, '--force', '--task', 'juggle'], /demos: .*juggle\.yaml: cannot read the configuration file/],
      [['--out', fresh, '--shard', '2/2'], /demos: --shard: '2\/2' is not I\/N/],
      [['--out', kept, '--force', '--workers', '0'], /demos: --workers: '0' is not a whole number of at least 1/],
    ];
    const outcomes = await Promise.all(cases.map(([args]) => runCommand('demos', ...args)));
    outcomes.forEach(({ code, errors }, i) => {
      expect(code).to.equal(1);
      expect(errors).to.match(cases[i][1]);
    });
    expect(existsSync(join(kept, 'data'))).to.equal(true);
    expect(existsSync(fresh)).to.equal(false);
  });
});
