import { expect } from 'chai';
import { formatParameterValue, formatRosArguments } from '../../../src/ros/launcher/ros-arguments.js';

describe('formatRosArguments', () => {
  it('writes names, parameters and remappings in the order in which rcl applies them', () => {
    const words = formatRosArguments({
      name: 'planner',
      namespace: '/arm',
      remappings: [{ from: 'in', to: '/out' }],
      parameters: [{ file: '/p.yaml' }, { name: 'rate', value: '100' }],
      further: ['--log-level', 'debug'],
    });
    expect(words.join(' ')).to.equal(
      '--ros-args --log-level debug -r __node:=planner -r __ns:=/arm --params-file /p.yaml -p rate:=100 -r in:=/out',
    );
  });

  it('writes nothing where there is nothing to tell', () => {
    const nothing = { name: undefined, namespace: undefined, remappings: [], parameters: [], further: [] };
    expect(formatRosArguments(nothing)).to.deep.equal([]);
  });
});

describe('formatParameterValue', () => {
  it('quotes what would not be read as the type it looks like', () => {
    const values = ['1', '-2.5', '1e-3', '.5', 'true', '[1, 2]', 'yes', "it's: a", '1 2', ''];
    expect(values.map((value) => formatParameterValue(value))).to.deep.equal([
      ...['1', '-2.5', '1e-3', '.5', 'true', '[1, 2]'],
      ...["'yes'", "'it''s: a'", "'1 2'", "''"],
    ]);
  });

  it('forces a type', () => {
    expect(formatParameterValue('1', 'float')).to.equal('1.0');
    expect(formatParameterValue('1', 'str')).to.equal("'1'");
    expect(() => formatParameterValue('1.5', 'int')).to.throw("'1.5' is no int");
    expect(() => formatParameterValue('1', 'complex')).to.throw("type 'complex' is not supported");
  });
});
