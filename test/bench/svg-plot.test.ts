import { expect } from 'chai';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { svgPlot } from '../../bench/svg-plot.js';

describe('svgPlot', () => {
  const panel = {
    title: 'a < b & c',
    x: { label: 'time, s', min: 0, max: 10 },
    y: { label: 'share', min: 1e-3, max: 1, scale: 'log' },
    series: [
      {
        label: 'first',
        color: 'red',
        dots: true,
        points: [
          [0, 1],
          [5, 1e-2],
          [10, 1e-3],
        ],
      },
      { label: 'second', color: 'blue', dashed: true, points: [[0, 1e-3]] },
    ],
  } as const;

  it('draws well-formed SVG: one group a panel, one line a series', () => {
    const svg = svgPlot([panel, panel]);
    expect(XMLValidator.validate(svg)).to.equal(true);
    const { svg: root } = new XMLParser({ ignoreAttributes: false }).parse(svg);
    expect(root.g).to.have.length(2);
    expect(root.g[0].polyline).to.have.length(2);
    expect(root.g[0].circle).to.have.length(3);
    expect(svg).to.include('a &lt; b &amp; c');
  });

  it('places values linearly and logarithmically', () => {
    const points = /points="([^"]+)"/
      .exec(svgPlot([panel]))?.[1]
      ?.split(' ')
      .map((pair) => pair.split(',').map(Number));
    const [a, b, c] = points as [number[], number[], number[]];
    expect(b[0]! - a[0]!).to.be.closeTo(c[0]! - b[0]!, 0.2);
    expect((b[1]! - a[1]!) / (c[1]! - a[1]!)).to.be.closeTo(2 / 3, 0.01);
  });
});
