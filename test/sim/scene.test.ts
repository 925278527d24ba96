import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadTask } from '../../src/sim/scene.js';
import { copyConfiguration, replaceText } from '../robot/robot-fixture.js';
import { onlyRegion, task } from './scene-fixture.js';

describe('loadTask', () => {
  it('loads the task with its scene, quantities in SI', () => {
    expect(task.task).to.equal('pick_and_place');
    expect(task.scene.robot).to.deep.equal({ posture: 'table_work', pelvis_height: 0.86 });
    expect(onlyRegion('green_box').yaw[1]).to.be.closeTo(Math.PI / 2, 1e-12);
    expect(onlyRegion('bin').yaw).to.deep.equal([0, 0]);
    expect(task.success.done).to.include({ test: 'placed', hold: 1 });
    const movable = Object.values(task.scene.bodies).filter(({ fixed }) => !fixed);
    expect(movable.length).to.be.at.least(4);
    for (const { target, receptacle, texts } of task.instructions) {
      expect(task.scene.bodies).to.include.keys(target, receptacle);
      expect(texts[0]).to.equal(`pick up the ${target.replace('_', ' ')} and place it in the ${receptacle}`);
    }
  });

  describe('with a damaged configuration', () => {
    let folder: string;
    beforeEach(() => {
      folder = join(copyConfiguration(), 'config/scenes');
    });
    afterEach(() => rmSync(join(folder, '../..'), { recursive: true }));

    const cases: [string, string, string, string, RegExp][] = [
      [
        'a scene that is missing',
        'pick_and_place',
        'scene: tabletop',
        'scene: shelf',
        /scene: .*shelf\.yaml does not exist/,
      ],
      [
        'an unknown body to place',
        'pick_and_place',
        '    bin: {',
        '    crate: {',
        /layout\.regions: 'crate' is no body of tabletop\.yaml; there are table, bin, red_cup/,
      ],
      [
        'an unknown target',
        'pick_and_place',
        'target: red_cup',
        'target: red_mug',
        /instructions\.target: 'red_mug' is no body/,
      ],
      ['an unknown receptacle', 'pick_and_place', 'receptacle: bin', 'receptacle: box', /receptacle: 'box' is no body/],
      [
        'an unknown key',
        'pick_and_place',
        'time_limit:',
        'limit: 3 s\ntime_limit:',
        /pick_and_place\.yaml:\d+: limit: unknown key/,
      ],
      ['a missing key', 'pick_and_place', 'time_limit: 12 s', '', /time_limit: is missing/],
      ['a wrong unit', 'pick_and_place', 'hold: 1 s', 'hold: 1 kg', /success\.done\.hold: "1 kg": /],
      [
        'an instruction without a text',
        'pick_and_place',
        '- pick up the red cup and place it in the bin',
        '- 7',
        /instructions\.0\.texts\.0: 7: expected a text/,
      ],
      [
        'a shape that does not exist',
        'tabletop',
        'shape: sphere',
        'shape: cone',
        /tabletop\.yaml:\d+: .*shape: "cone": expected one of box, cylinder, sphere/,
      ],
      ['a mass of nothing', 'tabletop', 'mass: 0.2 kg', 'mass: 0 kg', /bodies\.red_cup\.mass: "0 kg": /],
    ];
    for (const [name, file, from, to, message] of cases) {
      it(`names the file, the key and the remedy: ${name}`, () => {
        replaceText(join(folder, `${file}.yaml`), from, to);
        expect(() => loadTask(join(folder, 'pick_and_place.yaml'))).to.throw(message);
      });
    }

    it('names the task that is missing', () => {
      expect(() => loadTask(join(folder, 'juggle.yaml'))).to.throw(/juggle\.yaml: cannot read the configuration file/);
    });
  });
});
