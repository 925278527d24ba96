import { resolve } from 'node:path';
import { expect } from 'chai';
import { HoistRequest, SuspensionPhase } from '../../src/balance/suspension.js';
import { GantryTrial } from '../../src/evaluation/gantry-trial.js';
import { loadSafetyConfig } from '../../src/safety/safety-config.js';
import { robot } from '../robot/robot-fixture.js';
import { task } from '../sim/scene-fixture.js';

const WEIGHT = 757;
const { hang, stand, hold } = HoistRequest;

describe('GantryTrial', function () {
  this.timeout(240_000);

  let trial: GantryTrial;
  before(async () => {
    trial = await GantryTrial.create(robot, task, loadSafetyConfig(resolve('config/safety.yaml')));
  });
  after(() => trial.delete());

  it('hangs the robot up with its arms over the table, and puts it back onto its feet', () => {
    const orders = [
      { time: 1, request: hang },
      { time: 7, request: stand },
    ];
    const result = trial.run(1, trial.draw('table_ready', 1), orders, 13);
    expect(result.stops).to.deep.equal([]);
    expect(result.fell).to.equal(false);
    expect(result.hung).to.be.within(4, 7);
    expect(result.stood).to.be.within(9, 12);
    expect(result.left, 'between the feet leaving').to.be.below(0.3);
    expect(result.landed, 'between the feet landing').to.be.below(0.3);
    expect(result.clearance).to.be.above(0.04);
    expect(result.swing).to.be.below(0.02);
    expect(result.tilt).to.be.below(0.05);
    expect(result.slide).to.be.below(0.01);
    expect(result.phase).to.equal(SuspensionPhase.standing);
    expect(result.soles).to.be.closeTo(WEIGHT, 60);
    expect(result.load, 'on the straps').to.equal(0);
  });

  it('stays where it is held in the middle of the handover, and can be put down from there', () => {
    const orders = [
      { time: 1, request: hang },
      { time: 3, request: hold },
      { time: 5, request: stand },
    ];
    const result = trial.run(2, trial.draw('table_ready', 2), orders, 9);
    expect(result.stops).to.deep.equal([]);
    expect(result.fell).to.equal(false);
    expect(result.hung).to.be.NaN;
    expect(result.phase).to.equal(SuspensionPhase.standing);
    expect(result.swing).to.be.below(0.02);
    expect(result.slide).to.be.below(0.01);
    expect(result.soles).to.be.closeTo(WEIGHT, 60);
  });
});
