import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { wilsonInterval } from '../../src/evaluation/wilson-interval.js';
import { MODEL as TINY_MODEL } from '../cosmos/model-fixture.js';
import { runCommand } from './command.js';

describe('npm run evaluate', function () {
  this.timeout(180_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'evaluate-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('runs the model closed loop and writes the figures', async () => {
    const json = join(folder, 'figures.json');
    const { code, output, errors } = await runCommand(
      'evaluate',
      ...['--task', 'pick_and_place', '--episodes', '1', '--seed', '500000', '--workers', '1', '--json', json],
    );
    expect(code, errors).to.equal(0);
    const figures = JSON.parse(readFileSync(json, 'utf8'));
    expect(figures).to.include.keys('episodes', 'success_rate', 'interval95', 'violations', 'tasks');
    const { results } = figures;
    const successes = results.filter(({ success }: { success: boolean }) => success).length;
    expect(figures.episodes).to.equal(1);
    expect(figures.success_rate).to.equal(successes);
    expect(figures.interval95).to.deep.equal(wilsonInterval(successes, 1));
    expect(figures.tasks.pick_and_place).to.include({ episodes: 1, success_rate: successes });
    expect(figures.violations).to.equal(0);
    expect(results.map(({ seed }: { seed: number }) => seed)).to.deep.equal([500000]);
    expect(output).to.include(`pick_and_place: ${(100 * successes).toFixed(1)} % of 1 (95 % interval`);
  });

  it('judges what the model foresees, and draws it', async () => {
    const [json, sheet] = [join(folder, 'world.json'), join(folder, 'sheet.png')];
    const { code, errors } = await runCommand(
      'evaluate',
      ...['--world', '--agent', 'expert', '--episodes', '1', '--seed', '500000', '--workers', '1'],
      ...['--json', json, '--sheet', sheet],
    );
    expect(code, errors).to.equal(0);
    const { frames, quantities, objects, moments } = JSON.parse(readFileSync(json, 'utf8')).tasks.pick_and_place.expert;
    expect(Object.keys(frames)).to.deep.equal(['1', '5', '10']);
    for (const { model, copy_last: copy } of Object.values<Record<string, { psnr_db: number }>>(frames)) {
      expect(model!.psnr_db).to.be.above(copy!.psnr_db);
    }
    expect(moments).to.be.above(5);
    expect(quantities.gripper_distance.relative).to.be.below(0.5);
    expect(objects.median_m).to.be.below(0.02);
    expect(readFileSync(sheet).subarray(1, 4).toString()).to.equal('PNG');
  });

  it('says what is wrong: task, model, numbers', async () => {
    const cases: [string[], RegExp][] = [
      [['--task', 'juggle'], /evaluate: .*juggle\.yaml: cannot read the configuration file/],
      [['--model', join(folder, 'nowhere')], /evaluate: .*nowhere.*card\.json: no such file/],
      [['--model', TINY_MODEL, '--latency', 'soon'], /evaluate: --latency: 'soon' is not a whole number/],
      [['--suite', 'kitchen'], /evaluate: --suite is 'kitchen'; it must be one of robolab/],
      [['--suite', 'robolab', '--task', 'pick_and_place'], /evaluate: --task and --suite exclude each other/],
      [['--sheet', 'x.png'], /evaluate: --sheet goes with --world/],
      [['--world', '--perturb', 'push'], /evaluate: --perturb and --support do not go with --world/],
      [['--world', '--model', TINY_MODEL], /evaluate: policy .* has no world model to be judged/],
      [['--perturb', 'all'], /evaluate: --perturb is 'all'; it must be one of object, push, latency, camera/],
    ];
    const outcomes = await Promise.all(cases.map(([args]) => runCommand('evaluate', ...args, '--workers', '1')));
    outcomes.forEach(({ code, errors }, i) => {
      expect(code).to.equal(1);
      expect(errors).to.match(cases[i][1]);
    });
  });
});
