import { expect } from 'chai';
import { Plausibility } from '../../src/control/plausibility.js';

const DT = 0.001;

describe('Plausibility', () => {
  let sensors: Plausibility;
  let now: number;

  beforeEach(() => {
    sensors = new Plausibility(2, 100);
    sensors.start(Float64Array.of(0, 1));
    now = 0;
  });

  function observe(...position: [number, number]): boolean {
    now += DT;
    return sensors.observe(now, DT, Float64Array.from(position), Float64Array.of(1, 2));
  }

  it('passes on what a joint can do', () => {
    expect(observe(0.1, 0.9)).to.equal(true);
    expect([...sensors.position, ...sensors.velocity]).to.deep.equal([0.1, 0.9, 1, 2]);
  });

  it('replaces what it cannot, and forgets a glitch', () => {
    expect(observe(0.5, 1.01)).to.equal(false);
    expect([...sensors.position, ...sensors.velocity]).to.deep.equal([0, 1.01, 0, 2]);
    expect(observe(0.01, 1.02)).to.equal(true);
    expect(sensors.anyLost).to.equal(false);
  });

  it('replaces what is no number, and takes it where it returns, but lost if that was late', () => {
    expect(observe(Number.NaN, 1)).to.equal(false);
    expect([...sensors.position, ...sensors.velocity]).to.deep.equal([0, 1, 0, 2]);
    expect(observe(0.7, 1)).to.equal(true);
    expect([...sensors.position, sensors.anyLost]).to.deep.equal([0.7, 1, false]);
    now += DT;
    sensors.observe(now, DT, Float64Array.of(0.7, 1), Float64Array.of(Number.POSITIVE_INFINITY, 2));
    expect([...sensors.velocity]).to.deep.equal([0, 2]);
    for (let k = 0; k < 10; k++) observe(Number.NaN, 1);
    expect(observe(0, 1)).to.equal(true);
    expect([...sensors.lost]).to.deep.equal([1, 0]);
  });

  it('counts a joint as lost that does not return, until it is forgiven', () => {
    for (let k = 0; k < 5; k++) observe(0.5, 1);
    expect(sensors.anyLost).to.equal(false);
    for (let k = 0; k < 5; k++) observe(0.5, 1);
    expect([...sensors.lost]).to.deep.equal([1, 0]);
    observe(0, 1);
    expect(sensors.anyLost).to.equal(true);
    sensors.forgive();
    expect([sensors.anyLost, ...sensors.lost]).to.deep.equal([false, 0, 0]);
  });
});
