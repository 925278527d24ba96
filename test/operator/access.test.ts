import { expect } from 'chai';
import { isLoopback, judgeRequest } from '../../src/operator/access.js';

describe('access to the operator bridge', () => {
  const local = { token: undefined, origins: [] };
  const open = { token: 'open sesame', origins: ['https://app.foxglove.dev'] };
  const status = (url: string, headers: Record<string, string>, rules = local as Parameters<typeof judgeRequest>[1]) =>
    judgeRequest({ url, headers }, rules)?.status;

  it('knows the addresses of this machine', () => {
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]']) expect(isLoopback(host)).to.equal(true);
    for (const host of ['0.0.0.0', '::', '192.168.1.5', 'localhost.example', '127.0.0.1.example', '']) {
      expect(isLoopback(host), host).to.equal(false);
    }
  });

  it('serves programs and its own page, and no page of another origin', () => {
    expect(status('/', { host: 'localhost:8765' })).to.equal(undefined);
    expect(status('/', { host: 'localhost:8765', origin: 'http://localhost:8765' })).to.equal(undefined);
    expect(status('/', { host: '[::1]:8765', origin: 'http://[::1]:8765' })).to.equal(undefined);
    for (const origin of ['http://evil.example', 'http://localhost:3000', 'http://localhost', 'null', '']) {
      expect(status('/', { host: 'localhost:8765', origin }), origin).to.equal(403);
    }
  });

  it('is not fooled by a foreign name for this machine', () => {
    const rebound = { host: 'evil.example:8765', origin: 'http://evil.example:8765' };
    expect(status('/', rebound)).to.equal(403);
    expect(status('/', {})).to.equal(403);
  });

  it('asks for the token where there is one, in the address or the header', () => {
    const host = 'robot.example:8765';
    expect(status('/', { host }, open)).to.equal(401);
    expect(status('/?token=open+sesam', { host }, open)).to.equal(401);
    expect(status('/control?a=b&token=open%20sesame', { host }, open)).to.equal(undefined);
    expect(status('/', { host, authorization: 'Bearer open sesame' }, open)).to.equal(undefined);
    expect(status('/?token=open+sesame', { host, origin: 'http://evil.example' }, open)).to.equal(403);
    expect(status('/?token=open+sesame', { host, origin: 'https://app.foxglove.dev' }, open)).to.equal(undefined);
  });
});
