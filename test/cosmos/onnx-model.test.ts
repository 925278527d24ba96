import { readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadModel } from '../../src/cosmos/onnx-model.js';
import { copyModel, editCard, MODEL, replaceFile } from './model-fixture.js';

describe('loadModel', () => {
  let folder: string;
  beforeEach(() => {
    folder = copyModel();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const failure = () =>
    loadModel(folder, 1).then(
      () => 'no error',
      (error: Error) => error.message,
    );

  it('loads a model whose parts agree', async () => {
    const model = await loadModel(MODEL, 1);
    expect(model.card.id).to.equal('cosmos3_tiny');
    await model.encoder.release();
    await model.decoder.release();
  });

  it('names a file that is missing', async () => {
    unlinkSync(join(folder, 'decoder.onnx'));
    expect(await failure()).to.match(/decoder\.onnx: no such file; export the model again/);
    unlinkSync(join(folder, 'card.json'));
    expect(await failure()).to.match(/card\.json: no such file; a model directory holds card\.json, networks/);
  });

  it('refuses a file that is not the one of the card', async () => {
    const bytes = readFileSync(join(folder, 'encoder.onnx'));
    writeFileSync(join(folder, 'encoder.onnx'), bytes.subarray(0, bytes.length - 1));
    expect(await failure()).to.match(/encoder\.onnx: its SHA-256 is .* is damaged, incomplete or of another version/s);
  });

  it('refuses a truncated network even when its hash fits', async () => {
    const bytes = readFileSync(join(folder, 'encoder.onnx'));
    for (const length of [bytes.length >> 1, 0]) {
      replaceFile(folder, 'encoder.onnx', bytes.subarray(0, length));
      expect(await failure()).to.match(/encoder\.onnx: ONNX Runtime cannot load it .* truncated or not an ONNX model/s);
    }
  });

  it('refuses networks whose inputs are not those of the contract', async () => {
    replaceFile(folder, 'encoder.onnx', readFileSync(join(MODEL, 'decoder.onnx')));
    expect(await failure()).to.match(
      /encoder\.onnx: inputs are latent, noisy_actions, time; expected image, proprioception, token_mask, tokens/,
    );
  });

  it('refuses networks whose shapes are not those of the card', async () => {
    editCard(folder, (card) => {
      card.history = 2;
    });
    expect(await failure()).to.match(
      /encoder\.onnx: input image is float32 \[1, 1, 6, 48, 64\]; expected float32 \[1, 2, 6, 48, 64\]/,
    );
    editCard(folder, (card) => {
      card.history = 1;
      card.horizon = 5;
      card.action.mean.length = 5;
      card.action.std.length = 5;
    });
    expect(await failure()).to.match(
      /decoder\.onnx: input noisy_actions is float32 .*10, 7\]; expected float32 .*5, 7\]/,
    );
  });

  it('refuses an action space that the robot side cannot execute', async () => {
    editCard(folder, (card) => {
      card.action.representation = 'joint';
      card.dt = 0;
    });
    const message = await failure();
    expect(message).to.match(/card\.json:\d+: action\.representation: "joint": expected anchor_relative/);
    expect(message).to.match(/card\.json:\d+: dt: 0: must be more than 0/);
  });

  it('refuses a card that contradicts itself', async () => {
    editCard(folder, (card) => {
      card.action.end_effectors = { right: 'l_gripper' };
      card.action.mean.pop();
    });
    const message = await failure();
    expect(message).to.match(/action\.end_effectors: "l_gripper": expected r_gripper for the right arm/);
    expect(message).to.match(/action\.mean: 9: has 9 rows; expected one for each of 10 waypoints/);
  });

  it('refuses another layout of the proprioception', async () => {
    editCard(folder, (card) => {
      card.proprioception.layout.reverse();
    });
    expect(await failure()).to.match(
      /proprioception\.layout: .*: expected right_commanded_position \(3\), right_commanded_rotation \(6\)/,
    );
  });

  it('refuses a tokenizer that is none', async () => {
    replaceFile(folder, 'tokenizer.json', '{"version": "1.0"}');
    expect(await failure()).to.match(/tokenizer\.json: not a Hugging Face tokenizer/);
  });
});
