import { expect } from 'chai';
import { z } from 'zod';
import { quantity, type SiUnit, toSi } from '../../src/config/quantity.js';

describe('quantity', () => {
  const cases: [unknown, SiUnit, number][] = [
    [3, 's', 3],
    ['50 ms', 's', 0.05],
    ['2 min', 's', 120],
    ['-3 mm', 'm', -0.003],
    ['20 deg', 'rad', Math.PI / 9],
    ['180°', 'rad', Math.PI],
    ['90 deg/s', 'rad/s', Math.PI / 2],
    ['0.5 rad/s^2', 'rad/s^2', 0.5],
    ['10 cm/s', 'm/s', 0.1],
    ['1.5 kN', 'N', 1500],
    ['2 N·m', 'N m', 2],
    ['3 kN m / deg', 'N m/rad', (3000 * 180) / Math.PI],
    ['1 kHz', 'Hz', 1000],
    ['500 g', 'kg', 0.5],
    ['2 g cm²', 'kg m^2', 2e-7],
  ];
  for (const [value, unit, si] of cases) {
    it(`reads ${JSON.stringify(value)} as ${unit}`, () => {
      expect(toSi(value, unit)).to.be.closeTo(si, 1e-12 * Math.max(1, Math.abs(si)));
    });
  }

  const refused: [unknown, SiUnit, RegExp][] = [
    ['50 ms', 'm', /ms has the wrong dimension; expected a number in m/],
    ['10 Hz', 'rad/s', /wrong dimension/],
    ['1 rad', 's', /wrong dimension/],
    ['5', 's', /has no unit/],
    ['s', 's', /has no number/],
    ['5 parsecs per hour', 'm/s', /cannot be read/],
    ['', 's', /expected a number in s/],
    [Number.NaN, 's', /expected a number in s/],
    [Number.POSITIVE_INFINITY, 's', /expected a number in s/],
    [true, 's', /expected a number in s/],
    [[1], 's', /expected a number in s/],
  ];
  for (const [value, unit, message] of refused) {
    it(`refuses ${JSON.stringify(value)} as ${unit}`, () => {
      expect(() => toSi(value, unit)).to.throw(message);
    });
  }

  it('keeps to its range', () => {
    const schema = quantity('s', { above: 0, max: 1 });
    expect(schema.parse('100 ms')).to.equal(0.1);
    expect(schema.parse(1)).to.equal(1);
    for (const value of [0, '2 s', -1]) expect(schema.safeParse(value).success, String(value)).to.equal(false);
    expect(schema.safeParse('2 s').error!.issues[0]!.message).to.equal('must be above 0 s and at most 1 s');
  });

  it('takes defaults and may be optional', () => {
    const schema = z.strictObject({ a: quantity('s').default(2), b: quantity('s').optional() });
    expect(schema.parse({})).to.deep.equal({ a: 2 });
  });
});
