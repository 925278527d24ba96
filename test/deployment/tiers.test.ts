import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadEmbodiment } from '../../src/cosmos/served/embodiment.js';
import { missingFor, parseGpus, probeHardware, runnableTiers } from '../../src/deployment/hardware-probe.js';
import { isTier, loadTiers, TIERS } from '../../src/deployment/tiers.js';
import { planningStep } from '../../src/planning/motion-planner.js';

const FILE = 'config/deployment.yaml';
const tiers = loadTiers(FILE);

describe('deployment tiers', () => {
  it('hold the article’s figures', () => {
    expect(TIERS.map((tier) => tiers[tier].model.parameters)).to.deep.equal([70e9, 14e9, 3e9, 11.5e6]);
    expect(tiers.super.hardware).to.include({ gpu_count: 8, memory_per_gpu: 80e9 });
    expect(tiers.nano.api).to.deep.equal({ endpoint: '/v1/cosmos/nano', max_concurrent_requests: 100, timeout: 30 });
    expect(tiers.edge.real_time).to.deep.equal({ target_fps: 30, latency_budget: 0.05, loop_rate: 100 });
    expect(tiers.edge.optimization).to.include({ precision: 'int8', tensor_rt: true, cuda_graphs: true });
  });

  it('name the rate at which the planner runs', () => {
    for (const tier of TIERS) {
      const { real_time: realTime } = tiers[tier];
      if (realTime !== undefined) expect(realTime.loop_rate, tier).to.be.closeTo(1 / planningStep, 1e-9);
    }
  });

  it('name embodiments of the protocol that they are served by', () => {
    for (const tier of TIERS) {
      const { serve } = tiers[tier];
      if (serve.backend !== 'onnx') expect(loadEmbodiment(serve.embodiment).protocol, tier).to.equal(serve.backend);
    }
  });

  /** Reads the file with a change in it. */
  const replaced = (from: string, to: string) => () => {
    const broken = join(tmpdir(), `deployment-${process.pid}.yaml`);
    writeFileSync(broken, readFileSync(FILE, 'utf8').replace(from, to));
    return loadTiers(broken);
  };

  it('refuse unknown keys and amounts that are none, with file and line', () => {
    expect(replaced('gpu_count: 8', 'gpus: 8')).to.throw(/:\d+: super.hardware.*gpus: unknown key/);
    expect(replaced('memory_per_gpu: 80 GB', 'memory_per_gpu: lots')).to.throw(
      /expected an amount of memory, such as 80 GB/,
    );
    expect(replaced('precision: int8', 'precision: int3')).to.throw(/expected one of fp32, fp16/);
  });

  it('name every shard of a model that no single process holds', () => {
    const { serve, optimization } = tiers.super;
    expect('shards' in serve && serve.shards?.models).to.have.length(optimization.tensor_parallelism!);
    expect(replaced(', cosmos3_super_7]', ']')).to.throw(
      /super.serve.shards.models: .*names 7 shards; tensor_parallelism is 8/,
    );
    expect(replaced('precision: int8 }', 'precision: int8, tensor_parallelism: 2 }')).to.throw(
      /micro.serve.backend: .*no single process holds a model in 2 shards: use kserve/,
    );
  });

  it('know their names', () => {
    expect(isTier('micro')).to.equal(true);
    expect(isTier('mini')).to.equal(false);
  });
});

describe('hardware', () => {
  const gpu = (memory: number) => ({ name: 'NVIDIA H100 80GB HBM3', memory });
  const hardware = { gpus: [], memory: 24e9, tegra: undefined, providers: ['cpu'] };

  it('is read from what nvidia-smi prints', () => {
    const text = 'NVIDIA H100 80GB HBM3, 81559\nNVIDIA A100-SXM4-40GB, 40960\n';
    expect(parseGpus(text)).to.deep.equal([
      { name: 'NVIDIA H100 80GB HBM3', memory: 81559 * 2 ** 20 },
      { name: 'NVIDIA A100-SXM4-40GB', memory: 40960 * 2 ** 20 },
    ]);
    expect(parseGpus('')).to.deep.equal([]);
  });

  it('is found on the computer that this runs on', async () => {
    const { memory, providers } = await probeHardware();
    expect(memory).to.be.above(1e9);
    expect(providers).to.include('cpu');
  });

  it('says what a tier lacks, and what would run', () => {
    expect(missingFor(tiers.super, hardware)).to.deep.equal(['8 GPUs (here: 0)']);
    expect(missingFor(tiers.nano, { ...hardware, gpus: [gpu(16e9)] })).to.deep.equal([
      '40 GB of memory on NVIDIA H100 80GB HBM3 (it has 16 GB)',
    ]);
    expect(missingFor(tiers.edge, { ...hardware, gpus: [gpu(64e9)] })).to.deep.equal(['64 GB of memory (here: 24 GB)']);
    expect(runnableTiers(tiers, hardware)).to.deep.equal(['micro']);
    expect(runnableTiers(tiers, { ...hardware, gpus: [gpu(85e9)] })).to.deep.equal(['nano', 'micro']);
    const eight = { ...hardware, gpus: Array.from({ length: 8 }, () => gpu(85e9)), memory: 512e9 };
    expect(runnableTiers(tiers, eight)).to.deep.equal(['super', 'nano', 'edge', 'micro']);
  });
});
