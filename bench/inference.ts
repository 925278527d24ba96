import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Tensor } from 'onnxruntime-node';
import { ActionNormalisation } from '../src/action/action-space.js';
import { armTensor, sampleActions } from '../src/cosmos/action-heads.js';
import { CPU_EXECUTION } from '../src/cosmos/execution.js';
import { networkFiles } from '../src/cosmos/model-card.js';
import { loadModel } from '../src/cosmos/onnx-model.js';
import { OnnxNetwork } from '../src/cosmos/onnx-network.js';
import { foresee } from '../src/cosmos/world-model.js';
import { percentile } from '../src/math/percentile.js';
import { Random } from '../src/math/random.js';
import { packagePath } from '../src/ros/package-path.js';
import { CLEAN, preparePython } from './python-peer.js';

const MODEL = packagePath('models/cosmos3_micro');
const PEER_PACKAGES = ['onnxruntime==1.30.0', 'numpy'];
const THREADS = 1;
const CANDIDATES = 5;
const STEPS = 4;
const DECODER_STEPS = [1, 2, 4, 8, 10, 50];
const SEED = 1;
/** Each stage is run this often, or until so much time has gone into it but at least so often. */
const ROUNDS = 200;
const STAGE_TIME = 6000;
const LEAST_ROUNDS = 30;
const INSTRUCTION = 'pick up the red cup and place it in the bin';

/**
 * Each part of an inference in this runtime, ms: p50 and p99, beside Python's ONNX Runtime on the same networks, inputs,
 * noise and thread count, the two in turns; `cpu` is processor time, which leaves out what others took of a busy machine.
 * `whole` is encoder, {@link STEPS} steps of the decoder for {@link CANDIDATES} candidates and the critic; ours has
 * tokenizing, checks, noise and the choice of a candidate besides, and the autoregressive head draws its noise, which the
 * peer is given. `parity` is the largest difference of the normalised actions.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const python = preparePython('inference', PEER_PACKAGES);
  const models = {
    flow: await loadModel(MODEL, THREADS),
    autoregressive: await loadModel(MODEL, THREADS, { ...CPU_EXECUTION, head: 'autoregressive' }),
    hierarchical: await loadModel(MODEL, THREADS, { ...CPU_EXECUTION, head: 'hierarchical' }),
  };
  const { flow: model } = models;
  const { card } = model;
  const network = new OnnxNetwork(MODEL, THREADS);
  await network.load();

  const random = new Random(SEED);
  const { height, width, channels } = card.image;
  const image = Float32Array.from({ length: card.history * channels * height * width }, () => random.uniform());
  const proprioception = Float32Array.from({ length: card.proprioception.dim }, () => 0.3 * random.normal());
  const { ids, mask } = model.tokenizer.encode(INSTRUCTION);
  const observation = {
    image: new Tensor('float32', image, [1, card.history, channels, height, width]),
    proprioception: new Tensor('float32', proprioception, [1, card.proprioception.dim]),
    tokens: new Tensor('int64', ids, [1, card.tokens.length]),
    token_mask: new Tensor('float32', mask, [1, card.tokens.length]),
  };
  const encoded = await model.encoder.run(observation);
  const latent = encoded.latent!;
  const arm = (encoded.arm_logit!.data as Float32Array)[0]! > 0 ? 'left' : 'right';
  const newest = image.slice(image.length - channels * height * width);
  const normalisation = new ActionNormalisation(card.action.mean.flat(), card.action.std.flat());
  const size = card.horizon * card.action.dim;
  const own = new Random(SEED);
  const noise = Float32Array.from({ length: CANDIDATES * size }, () => own.normal());
  const imagined = normalisation.denormalise(noise.subarray(0, size));

  const asked = (steps: number) => ({ candidates: CANDIDATES, steps });
  const sample = (head: keyof typeof models, steps: number) =>
    sampleActions(models[head], head, latent, arm, asked(steps), new Random(SEED));
  const world = (pictures: boolean) =>
    foresee(model, { latent, arm, actions: imagined, normalisation, image: newest, pictures });
  const whole = async () => {
    const question = { stamp: 0, image, proprioception, instruction: INSTRUCTION };
    const { actions } = await network.infer(question, { ...asked(STEPS), seed: SEED });
    return actions;
  };
  const stages: Record<string, () => Promise<unknown>> = {
    encoder: () => model.encoder.run(observation),
    ...Object.fromEntries(DECODER_STEPS.map((steps) => [`decoder_${steps}_steps`, () => sample('flow', steps)])),
    whole,
    hierarchical: () => sample('hierarchical', STEPS),
    autoregressive: () => sample('autoregressive', STEPS),
    world: () => world(false),
    world_pictures: () => world(true),
  };

  const context = new Float32Array(card.video!.future_steps.length * 3 * height * width);
  for (let k = 0; k < card.video!.future_steps.length; k++)
    context.set(newest.subarray(0, 3 * height * width), k * 3 * height * width);
  const bins = card.action.bins!;
  const peer = await Peer.start(python, {
    networks: Object.fromEntries(
      Object.entries(networkFiles(MODEL, card)).map(([name, file]) => [name, join(MODEL, file!)]),
    ),
    threads: THREADS,
    arm: armTensor(arm, 1).data[0] as number,
    steps: STEPS,
    decoder_steps: DECODER_STEPS,
    tensors: {
      image: observation.image,
      proprioception: observation.proprioception,
      tokens: observation.tokens,
      token_mask: observation.token_mask,
      noise: new Tensor('float32', noise, [CANDIDATES, card.horizon, card.action.dim]),
      gumbel: new Tensor('float32', new Float32Array(CANDIDATES * size * bins), [
        CANDIDATES,
        card.horizon,
        card.action.dim,
        bins,
      ]),
      context: new Tensor('float32', context, [card.video!.future_steps.length, 3, height, width]),
    },
  });
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  let parity = 0;
  try {
    for (const [name, stage] of Object.entries(stages)) {
      const [ours, theirs, processor, kibibytes]: [number[], number[], number[], number[]] = [[], [], [], []];
      const deadline = performance.now() + STAGE_TIME;
      for (let round = 0; round < ROUNDS; round++) {
        if (round >= LEAST_ROUNDS && performance.now() > deadline) break;
        const memory = allocated();
        const [begin, before] = [performance.now(), process.cpuUsage()];
        const answer = await stage();
        ours.push(performance.now() - begin);
        const { user, system } = process.cpuUsage(before);
        kibibytes.push((allocated() - memory) / 1024);
        processor.push((user + system) / 1000);
        const { time, actions } = await peer.run(name);
        theirs.push(time);
        if (round === 0 && actions !== undefined) {
          const same = name === 'whole' ? Float64Array.from(normalisation.normalise(answer as Float64Array)) : answer;
          for (const [i, value] of (same as Float32Array).entries())
            parity = Math.max(parity, Math.abs(value - actions[i]!));
        }
      }
      console.error(`${name}: ${ours.length} rounds`);
      figures[`${name}_allocated_KiB`] = percentile(kibibytes, 0.5);
      for (const [quantile, share] of [
        ['p50', 0.5],
        ['p99', 0.99],
      ] as const) {
        figures[`${name}_${quantile}_ms`] = percentile(ours, share);
        figures[`${name}_cpu_${quantile}_ms`] = percentile(processor, share);
        figures[`${name}_python_${quantile}_ms`] = percentile(theirs, share);
        ratios[`python_over_ours_${name}_${quantile}`] = percentile(theirs, share) / percentile(ours, share);
      }
    }
  } finally {
    peer.stop();
  }
  await network.dispose();
  return { figures: { threads: THREADS, candidates: CANDIDATES, parity, ...figures }, ratios };
}

/** Memory of JavaScript and of its arrays that is taken, bytes; between two collections it only grows. */
function allocated(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** What the peer is to run. */
interface PeerJob {
  /** Files by the networks' names. */
  readonly networks: Record<string, string>;
  readonly threads: number;
  /** 0 right, 1 left. */
  readonly arm: number;
  readonly steps: number;
  readonly decoder_steps: readonly number[];
  readonly tensors: Record<string, Tensor>;
}

/** Python's ONNX Runtime in a process of its own. */
class Peer {
  readonly #child;
  readonly #lines: AsyncIterator<string>;
  readonly #folder: string;

  static async start(python: string, job: PeerJob): Promise<Peer> {
    const folder = mkdtempSync(join(tmpdir(), 'bench-inference-'));
    const tensors: Record<string, { type: string; shape: readonly number[] }> = {};
    for (const [name, { type, dims, data }] of Object.entries(job.tensors)) {
      const { buffer, byteOffset, byteLength } = data as Float32Array;
      writeFileSync(join(folder, name), new Uint8Array(buffer, byteOffset, byteLength));
      tensors[name] = { type, shape: dims };
    }
    writeFileSync(join(folder, 'job.json'), JSON.stringify({ ...job, tensors }));
    const peer = new Peer(python, folder);
    await peer.#answer();
    return peer;
  }

  private constructor(python: string, folder: string) {
    this.#folder = folder;
    this.#child = spawn(python, [packagePath('bench/inference_peer.py'), folder], {
      env: CLEAN,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Runs a stage once. */
  async run(stage: string): Promise<{ time: number; actions?: readonly number[] }> {
    this.#child.stdin.write(`${stage}\n`);
    return (await this.#answer()) as { time: number; actions?: readonly number[] };
  }

  stop(): void {
    this.#child.stdin.end();
    rmSync(this.#folder, { recursive: true });
  }

  async #answer(): Promise<unknown> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error('the peer has ended; see its message above');
    return JSON.parse(value);
  }
}
