import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { decodeMessage, encodeMessage, OPENPI_ARRAYS, type WireMap } from '../../../src/cosmos/served/msgpack-numpy.js';
import { float32Array, type NumericArray, numericArray, toFloat64 } from '../../../src/cosmos/served/numeric-array.js';

/** What openpi's own client (PyPI: openpi-client) makes of an observation and of an answer. */
const PEER = `
import sys
import numpy as np
from openpi_client import msgpack_numpy
observation = {
    "observation/joint_position": np.array([0.5, -0.25, 3], np.float32),
    "prompt": "push the cup",
    "observation/image": np.arange(24, dtype=np.uint8).reshape(2, 4, 3),
}
answer = {"actions": np.arange(8, dtype=np.float64).reshape(4, 2), "server_timing": {"infer_ms": np.float64(1.5)}}
for message in (observation, answer):
    print(msgpack_numpy.packb(message).hex())
`;

describe('messages of openpi', () => {
  let observation: Buffer;
  let answer: Buffer;
  before(() => {
    const { stdout, stderr } = spawnSync('.ros/test-venv/bin/python3', ['-c', PEER], { encoding: 'utf8' });
    const lines = stdout.trim().split('\n');
    expect(lines, stderr).to.have.length(2);
    [observation, answer] = lines.map((line) => Buffer.from(line, 'hex')) as [Buffer, Buffer];
  });

  it('are those of its own client, byte by byte', () => {
    const ours = encodeMessage(
      new Map<string, NumericArray | string>([
        ['observation/joint_position', float32Array([0.5, -0.25, 3], [3])],
        ['prompt', 'push the cup'],
        [
          'observation/image',
          numericArray(
            '|u1',
            [2, 4, 3],
            Uint8Array.from({ length: 24 }, (_, i) => i),
          ),
        ],
      ]),
      OPENPI_ARRAYS,
    );
    expect(ours.toString('hex')).to.equal(observation.toString('hex'));
  });

  it('are read as it writes them', () => {
    const read = decodeMessage(answer, OPENPI_ARRAYS) as WireMap;
    const actions = read.get('actions') as NumericArray;
    expect(actions.shape).to.deep.equal([4, 2]);
    expect([...toFloat64(actions)]).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    expect((read.get('server_timing') as WireMap).get('infer_ms')).to.equal(1.5);
  });
});
