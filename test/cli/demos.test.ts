import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  it('writes the expert’s episode as a data set that can be read back', async () => {
    const out = join(folder, 'set');
    const { code, output, errors } = await runCommand(
      'demos',
      ...['--task', 'pick_and_place', '--episodes', '1', '--seed', '20000', '--out', out, '--workers', '1'],
    );
    expect(code, errors).to.equal(0);
    expect(output).to.include('expert succeeded on 1 of 1 layouts');

    const meta = (name: string) => readFileSync(join(out, 'meta', name), 'utf8').trimEnd();
    const info = JSON.parse(meta('info.json'));
    expect(info).to.include({ total_episodes: 1, fps: 10, seed: 20000, codebase_version: 'v2.1' });
    const episodes = meta('episodes.jsonl')
      .split('\n')
      .map((line) => JSON.parse(line));
    const texts = meta('tasks.jsonl')
      .split('\n')
      .map((line) => JSON.parse(line).task);
    expect(meta('episodes_stats.jsonl').split('\n')).to.have.length(1);
    expect(JSON.parse(meta('modality.json'))).to.include.keys('state', 'action', 'annotation');

    for (const [episode, { length, seed, tasks }] of episodes.entries()) {
      const layout = createLayout(task, seed);
      expect([seed, tasks]).to.deep.equal([20000 + episode, [layout.text]]);
      const file = await asyncBufferFromFile(join(out, `data/chunk-000/episode_00000${episode}.parquet`));
      const rows = await parquetReadObjects({ file, utf8: false });
      expect(rows).to.have.length(length);
      expect(length).to.be.within(40, 120);
      for (const row of rows) {
        const sizes = ['observation.state', 'action', 'action_plan', 'observation.objects', 'observation.camera'];
        expect(sizes.map((name) => row[name].length)).to.deep.equal([27, 7, 70, 6, 16]);
        expect(row['observation.images.head_rgb']).to.have.length(48 * 64 * 3);
        expect(row['observation.images.head_depth']).to.have.length(48 * 64 * 2);
        expect(texts[Number(row.task_index)]).to.equal(layout.text);
        expect(row.action).to.deep.equal(row.action_plan.slice(0, 7));
        for (const name of [...sizes, 'sim.qpos']) expect(row[name].every(Number.isFinite), name).to.equal(true);
      }
      // The labels: the target starts where the layout puts it and ends in the receptacle.
      const objects = rows.map((row) => row['observation.objects'] as number[]);
      const start = layout.placements.get(layout.instruction.target)!;
      expect(objects[0][0]).to.be.closeTo(start.x, 0.02);
      expect(objects[0][1]).to.be.closeTo(start.y, 0.02);
      const end = objects.at(-1)!;
      expect(Math.hypot(end[0] - end[3], end[1] - end[4])).to.be.below(0.12);
      // The hand has been closed and is open again.
      const commands = rows.map((row) => row['observation.state'][18] as number);
      expect(Math.max(...commands)).to.equal(1);
      expect([commands[0], commands.at(-1)]).to.deep.equal([0, 0]);
    }
  });

  it('refuses evaluation seeds, a folder that exists and an unknown task, and loses nothing', async () => {
    const kept = join(folder, 'kept');
    mkdirSync(kept);
    writeFileSync(join(kept, 'data'), '');
    const fresh = join(folder, 'fresh');
    const cases: [string[], RegExp][] = [
      [[], /demos: --out DIR is missing/],
      [['--out', kept], /demos: --out: .*kept exists; choose another directory or add --force/],
      [
        ['--out', fresh, '--seed', '499999', '--episodes', '2'],
        /seeds from 500000 on are for evaluation, 500000 is one/,
      ],
      [['--out', kept, '--force', '--task', 'juggle'], /demos: .*juggle\.yaml: cannot read the configuration file/],
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
