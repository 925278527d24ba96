import { expect } from 'chai';
import { createLayout, type Layout } from '../../src/sim/layout.js';
import { onlyRegion, task } from './scene-fixture.js';

/** Half the extent on the floor plan of the bodies, written out. */
const HALF: Record<string, readonly [number, number]> = {
  bin: [0.1, 0.085],
  red_cup: [0.035, 0.035],
  blue_cup: [0.035, 0.035],
  green_box: [Math.hypot(0.035, 0.025), Math.hypot(0.035, 0.025)],
  yellow_ball: [0.03, 0.03],
};
const text = 'pick up the red cup and place it in the bin';

function expectInside(value: number, [low, high]: readonly [number, number], name: string): void {
  expect(value, name).to.be.within(Math.min(low, high), Math.max(low, high));
}

describe('createLayout', () => {
  const plain = (layout: Layout) => ({ ...layout, placements: [...layout.placements] });

  it('gives the same layout for the same seed, another for another', () => {
    expect(plain(createLayout(task, 7))).to.deep.equal(plain(createLayout(task, 7)));
    expect(plain(createLayout(task, 7))).to.not.deep.equal(plain(createLayout(task, 8)));
    const { seed, text: chosen } = createLayout(task, 11);
    expect([seed, chosen]).to.deep.equal([11, 'put the red cup in the bin']);
    const cup = createLayout(task, 11, text).placements.get('red_cup')!;
    expect(cup.x).to.be.within(0.37, 0.47);
  });

  it('places every body in its region, the target within reach, with the clearance between all', () => {
    for (let seed = 0; seed < 100; seed++) {
      const { placements, instruction } = createLayout(task, seed);
      expect([...placements.keys()].sort()).to.deep.equal(Object.keys(HALF).sort());
      const names = [...placements.keys()];
      names.forEach((name, i) => {
        const { x, y, yaw } = placements.get(name)!;
        const region = onlyRegion(name);
        const { x: xs, y: ys } = name === instruction.target ? task.layout.target! : region;
        expectInside(x, xs, `${name} of ${seed}`);
        expectInside(y, ys, `${name} of ${seed}`);
        expectInside(yaw, region.yaw, `${name} of ${seed}`);
        for (const other of names.slice(0, i)) {
          const at = placements.get(other)!;
          const gap = Math.max(
            Math.abs(x - at.x) - HALF[name][0] - HALF[other][0],
            Math.abs(y - at.y) - HALF[name][1] - HALF[other][1],
          );
          expect(gap, `${name}, ${other} of ${seed}`).to.be.at.least(task.layout.clearance - 1e-9);
        }
      });
    }
  });

  it('asks for every target and uses every sentence', () => {
    const texts = new Set(Array.from({ length: 200 }, (_, seed) => createLayout(task, seed).text));
    expect([...texts].sort()).to.deep.equal(task.instructions.flatMap((instruction) => instruction.texts).sort());
  });

  it('carries out a given instruction, whose sentence does not move the bodies', () => {
    const layout = createLayout(task, 3, text);
    expect(layout.instruction.target).to.equal('red_cup');
    expect(layout.text).to.equal(text);
    const other = createLayout(task, 3, 'put the red cup in the bin');
    expect([...other.placements]).to.deep.equal([...layout.placements]);
  });

  it('says that it does not know an instruction, or that there is no room', () => {
    expect(() => createLayout(task, 1, 'fly')).to.throw("task pick_and_place: unknown instruction 'fly'");
    const crowded = { ...task, layout: { ...task.layout, clearance: 0.5 } };
    expect(() => createLayout(crowded, 1)).to.throw(/no room for all bodies at clearance 0\.5 m; widen the regions/);
  });

  it('refuses a seed that is no whole number', () => {
    for (const seed of [0.5, Number.NaN, 2 ** 60]) expect(() => createLayout(task, seed)).to.throw(/seed .* is not an/);
  });
});
