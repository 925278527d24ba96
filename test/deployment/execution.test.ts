import { readFileSync, rmSync } from 'node:fs';
import { expect } from 'chai';
import { CPU_EXECUTION } from '../../src/cosmos/execution.js';
import { OnnxNetwork } from '../../src/cosmos/onnx-network.js';
import { executionOf } from '../../src/deployment/execution.js';
import { PolicyLoader } from '../../src/deployment/policy-loader.js';
import { loadTiers } from '../../src/deployment/tiers.js';
import { packagePath } from '../../src/ros/package-path.js';
import { copyModel, editCard, MODEL, replaceFile } from '../cosmos/model-fixture.js';
import { robot } from '../robot/robot-fixture.js';

const tiers = loadTiers('config/deployment.yaml');
const gpu = { name: 'NVIDIA H100 80GB HBM3', memory: 80e9 };
const here = { gpus: [gpu], memory: 64e9, tegra: undefined, providers: ['cpu'] };

const failure = (run: Promise<unknown>) =>
  run.then(
    () => 'no error',
    (error: Error) => error.message,
  );

describe('how a tier is executed', () => {
  it('takes the CPU where a tier asks for no more', () => {
    expect(executionOf('micro', tiers.micro, here)).to.deep.equal({ ...CPU_EXECUTION, variant: 'int8' });
  });

  it('passes the options of TensorRT and CUDA on where they are installed', () => {
    const full = { ...here, providers: ['cpu', 'cuda', 'tensorrt'] };
    const { variant, providers } = executionOf('edge', tiers.edge, full);
    expect(variant).to.equal('int8');
    expect(providers).to.have.length(3);
    expect(providers[0]).to.include({ name: 'tensorrt', trt_int8_enable: true, trt_cuda_graph_enable: true });
    expect(executionOf('nano', tiers.nano, full)).to.deep.equal({
      ...CPU_EXECUTION,
      variant: 'fp16',
      providers: [{ name: 'cuda', deviceId: 0, enable_cuda_graph: false, gpu_mem_limit: 72e9 }, 'cpu'],
    });
  });

  it('says which provider is missing', () => {
    expect(() => executionOf('edge', tiers.edge, here)).to.throw(
      'tier edge asks for a GPU and CUDA graphs, for which ONNX Runtime needs its cuda provider; it has cpu here',
    );
    expect(() => executionOf('edge', tiers.edge, { ...here, providers: ['cpu', 'cuda'] })).to.throw(
      'asks for TensorRT',
    );
    const graphs = { ...tiers.micro, optimization: { ...tiers.micro.optimization, cuda_graphs: true } };
    expect(() => executionOf('micro', graphs, here)).to.throw('asks for CUDA graphs');
  });

  it('loads the variant of the tier’s precision, or says which there are', async () => {
    const folder = copyModel();
    const bytes = readFileSync(`${MODEL}/decoder.onnx`);
    editCard(folder, (card) => {
      card.variants = {
        fp32: { encoder: 'encoder.onnx', decoder: 'decoder.onnx' },
        int8: { encoder: 'encoder.onnx', decoder: 'decoder.int8.onnx' },
      };
    });
    replaceFile(folder, 'decoder.int8.onnx', bytes);
    const network = new OnnxNetwork(folder, 1, { ...CPU_EXECUTION, variant: 'int8' });
    await network.load();
    await network.dispose();
    const half = new OnnxNetwork(folder, 1, { ...CPU_EXECUTION, variant: 'fp16' });
    expect(await failure(half.load())).to.match(/has no fp16 variant, only fp32, int8: export it/);
    rmSync(folder, { recursive: true });
  });

  it('is asked for by the tier when it is loaded', async () => {
    const optimization = { ...tiers.micro.optimization, precision: 'fp16' as const };
    const loader = new PolicyLoader(robot, 1, packagePath);
    const loaded = loader.openTier('micro', { ...tiers, micro: { ...tiers.micro, optimization } });
    expect(await failure(loaded)).to.match(/has no fp16 variant/);
    await loader.dispose();
  });
});
