import { expect } from 'chai';
import type { ActionChunk } from '../../src/action/action-chunk.js';
import { encodeActions } from '../../src/action/action-space.js';
import { actionChunkMessage, bestChunk, readActionChunk } from '../../src/ros/action-messages.js';
import { Codec } from '../../src/ros/codec.js';
import type { Message } from '../../src/ros/messages.js';

type ChunkMessage = Message<'cosmos_humanoid/msg/ActionChunk'>;
type PredictionMessage = Message<'cosmos_humanoid/msg/ActionPrediction'>;

const HORIZON = 3;
const header = { stamp: { sec: 4, nanosec: 500_000_000 }, frame_id: 'base_link' };
const chunk: ActionChunk = {
  stamp: 4.5,
  dt: 0.1,
  arm: 'right',
  anchor: Float64Array.of(0.3, -0.2, 0.1, 0, 0, 0, 1),
  poses: Float64Array.from({ length: 7 * HORIZON }, (_, i) => [0.3 + i / 700, -0.2, 0.1, 0.6, 0, 0, 0.8][i % 7]!),
  gripper: Float64Array.of(0, 0.5, 1),
};

describe('action messages', () => {
  const chunks = new Codec('cosmos_humanoid/msg/ActionChunk');
  const predictions = new Codec('cosmos_humanoid/msg/ActionPrediction');

  function sent(change: Partial<ChunkMessage> = {}): ChunkMessage {
    const message = { ...actionChunkMessage(chunk), header, ...change };
    return chunks.decode(Buffer.from(chunks.encode(message)));
  }

  function predicted(change: Partial<PredictionMessage> = {}): PredictionMessage {
    const actions = encodeActions(chunk);
    const message = {
      header,
      arm: 'right',
      representation: 'anchor_relative',
      anchor: actionChunkMessage(chunk).anchor!,
      dt: 0.1,
      num_candidates: 2,
      horizon: HORIZON,
      dimension: 7,
      candidates: Float64Array.of(...actions.map(() => 9), ...actions),
      best: 1,
      ...change,
    };
    return predictions.decode(Buffer.from(predictions.encode(message)));
  }

  it('carry a chunk over', () => {
    expect(readActionChunk(sent())).to.deep.equal(chunk);
  });

  it('carry the best candidate over, in physical units', () => {
    const { poses, ...rest } = bestChunk(predicted());
    const { poses: expected, ...others } = chunk;
    expect(rest).to.deep.equal(others);
    expect(poses).to.have.length(expected.length);
    for (const [i, value] of poses.entries()) expect(value).to.be.closeTo(expected[i]!, 1e-12);
  });

  for (const [what, change, reason] of [
    ['an unknown arm', { arm: 'middle' }, /arm is "middle"/],
    ['another frame', { header: { ...header, frame_id: 'map' } }, /frame "map"/],
    ['values that are no numbers', { gripper: Float64Array.of(0, Number.NaN, 1) }, /not finite/],
    ['too few values', { gripper: Float64Array.of(0, 1) }, /pose numbers for 2 waypoints/],
    ['no time between waypoints', { dt: 0 }, /dt is 0 s/],
    ['too much time between waypoints', { dt: 1e6 }, /dt is 1000000 s, needs 0.001 to 1 s/],
  ] as const) {
    it(`refuse a chunk with ${what}`, () => {
      expect(() => readActionChunk(sent(change))).to.throw(reason);
    });
  }

  for (const [what, change, reason] of [
    ['another representation', { representation: 'absolute' }, /represented as "absolute"/],
    ['too few numbers', { candidates: new Float64Array(20) }, /20 numbers for 2 candidates of 3 actions of 7/],
    ['values that are no numbers', { candidates: new Float64Array(42).fill(Number.NaN) }, /is NaN/],
    ['a candidate that is not there', { best: 2 }, /candidate 2 .* of 2/],
    ['too much time between actions', { dt: 1e6 }, /dt is 1000000 s, needs 0.001 to 1 s/],
    ['endless time between actions', { dt: Number.POSITIVE_INFINITY }, /dt is Infinity s/],
    ['nothing', { num_candidates: 0, horizon: 0, candidates: new Float64Array(0) }, /0 numbers/],
  ] as const) {
    it(`refuse a prediction with ${what}`, () => {
      expect(() => bestChunk(predicted(change))).to.throw(reason);
    });
  }
});
