import { parse } from '@foxglove/rosmsg';
import { expect } from 'chai';
import { readServiceTexts } from '../../src/ros/message-definition.js';

describe('readServiceTexts', () => {
  it('reads request and response, with the types that they contain', () => {
    const { request, response } = readServiceTexts('rcl_interfaces/srv/SetParameters');
    const names = (text: string) => parse(text, { ros2: true }).map(({ name }) => name);
    expect(names(request)).to.deep.equal([undefined, 'rcl_interfaces/Parameter', 'rcl_interfaces/ParameterValue']);
    expect(names(response)).to.deep.equal([undefined, 'rcl_interfaces/SetParametersResult']);
  });

  it('knows a request without fields', () => {
    const { request, response } = readServiceTexts('std_srvs/srv/Trigger');
    expect(request).to.equal('');
    expect(parse(response, { ros2: true })[0]!.definitions.map(({ name }) => name)).to.deep.equal([
      'success',
      'message',
    ]);
  });

  it('names a service that is not installed', () => {
    expect(() => readServiceTexts('no_such/srv/Thing')).to.throw(/"no_such\/srv\/Thing" is not installed/);
  });
});
