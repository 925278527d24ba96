import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadEmbodiment } from '../../../src/cosmos/served/embodiment.js';
import { serverAddress } from '../../../src/cosmos/served/server-address.js';

const VARIABLE = 'COSMOS_TEST_TOKEN';
const embodiment = loadEmbodiment('config/policies/openpi_droid.yaml');

describe('address of a policy server', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'token-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    delete process.env[VARIABLE];
  });

  it('waits for twice as long as a chunk takes, where the map says nothing else', () => {
    expect(serverAddress(embodiment).timeout).to.be.closeTo(2 * 16 * 0.0667, 1e-9);
    expect(serverAddress({ ...embodiment, timeout: 0.5 }).timeout).to.equal(0.5);
  });

  it('has its secret from the environment', () => {
    const map = { ...embodiment, token_variable: VARIABLE };
    expect(() => serverAddress(map)).to.throw(/the environment variable COSMOS_TEST_TOKEN is not set/);
    process.env[VARIABLE] = 'secret';
    expect(serverAddress(map).token).to.equal('secret');
  });

  it('has its secret from a file', () => {
    const file = join(folder, 'token');
    const map = { ...embodiment, token_file: file };
    expect(() => serverAddress(map)).to.throw(/token_file .* holds no secret for the server: ENOENT/);
    writeFileSync(file, '\n');
    expect(() => serverAddress(map)).to.throw(/it is empty/);
    writeFileSync(file, 'secret\n');
    expect(serverAddress(map).token).to.equal('secret');
  });

  it('holds no secret itself: parameters are shown to anyone', () => {
    const address = () => serverAddress({ ...embodiment, url: 'ws://robot:secret@gpu:8000' });
    expect(address).to.throw(/gpu:8000: .*ros2 param dump/);
    expect(address).not.to.throw('secret@');
  });
});
