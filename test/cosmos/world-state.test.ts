import { expect } from 'chai';
import { nameObjects, type Predicate, spatialRelations } from '../../src/cosmos/world-state.js';

type Position = [number, number, number];
const object = (name: string, position: Position, standardDeviation = 0.005) => ({
  slot: name,
  name,
  position,
  standardDeviation,
});
const BIN = { bin: { radius: 0.12, height: 0.08 } };

function relate(subject: Position, other: Position, deviation?: number) {
  const relations = spatialRelations([object('cup', subject, deviation), object('bin', other, deviation)], BIN);
  return Object.fromEntries(
    relations.filter((r) => r.subject === 'cup').map((r) => [r.predicate, r.probability]),
  ) as Partial<Record<Predicate, number>>;
}

describe('world state', () => {
  it('names the slots', () => {
    const slots = [{ slot: 'target', position: [0, 0, 0] as Position, standardDeviation: 0.01 }];
    expect(nameObjects(slots, { target: 'red cup' })[0]!.name).to.equal('red cup');
    expect(nameObjects(slots, {})[0]!.name).to.equal('target');
  });

  it('sees left, right, front and back as the robot does', () => {
    expect(relate([0.5, 0.3, 0], [0.5, 0, 0])).to.have.all.keys('left_of');
    expect(relate([0.5, -0.3, 0], [0.5, 0, 0])).to.have.all.keys('right_of');
    expect(relate([0.2, 0, 0], [0.5, 0, 0])).to.have.all.keys('in_front_of');
    expect(relate([0.8, 0, 0], [0.5, 0, 0])).to.have.all.keys('behind');
  });

  it('tells inside from on', () => {
    expect(relate([0.5, 0.02, 0], [0.5, 0, 0])).to.have.all.keys('inside', 'near');
    expect(relate([0.5, 0.02, 0.13], [0.5, 0, 0])).to.have.all.keys('on', 'near');
    expect(relate([0.5, 0.5, 0.13], [0.5, 0, 0])).to.not.have.any.keys('on', 'inside', 'near');
  });

  it('is less sure the less sure the positions are', () => {
    const sure = relate([0.5, 0.1, 0], [0.5, 0, 0], 0.005).left_of!;
    const unsure = relate([0.5, 0.1, 0], [0.5, 0, 0], 0.05).left_of!;
    expect(sure).to.be.closeTo(1, 1e-6);
    // Φ(0.05/(0.05·√2)) = Φ(0.7071)
    expect(unsure).to.be.closeTo(0.76025, 1e-4);
    expect(relate([0.5, 0.05, 0], [0.5, 0, 0], 0)).to.have.property('near', 1);
  });

  it('states each relation from both sides', () => {
    const relations = spatialRelations([object('cup', [0.5, 0.3, 0]), object('bin', [0.5, 0, 0])]);
    expect(relations.map((r) => `${r.subject} ${r.predicate} ${r.object}`)).to.deep.equal([
      'cup left_of bin',
      'bin right_of cup',
    ]);
  });
});
