import type { InferenceSession } from 'onnxruntime-node';
import { CPU_EXECUTION, type Execution } from '../cosmos/execution.js';
import type { Hardware } from './hardware-probe.js';
import type { TierDeployment } from './tiers.js';

/**
 * How this computer runs a tier's networks: TensorRT where the tier asks for it, else CUDA where it asks for GPUs, else
 * the CPU; with the options that the tier sets, and the variant of its precision.
 * @throws Error that names a provider that ONNX Runtime lacks here, and who needs it
 */
export function executionOf(tier: string, { optimization, hardware }: TierDeployment, here: Hardware): Execution {
  const { precision, tensor_rt: tensorRt, cuda_graphs: graphs, gpu_memory_fraction: fraction } = optimization;
  const variant = precision.replace('-mixed', '');
  const demand = (provider: string, what: string) => {
    if (here.providers.includes(provider)) return;
    throw new Error(
      `tier ${tier} asks for ${what}, for which ONNX Runtime needs its ${provider} provider; it has ` +
        `${here.providers.join(', ')} here: install onnxruntime-node with it, or take that out of the tier`,
    );
  };
  if (!tensorRt && hardware.gpu_count === 0) {
    if (graphs) demand('cuda', 'CUDA graphs');
    return { ...CPU_EXECUTION, variant };
  }
  demand('cuda', graphs ? 'a GPU and CUDA graphs' : 'a GPU');
  const memory = here.gpus[0]?.memory;
  const limit = fraction === undefined || memory === undefined ? {} : { gpu_mem_limit: Math.floor(fraction * memory) };
  const cuda = { name: 'cuda', deviceId: 0, enable_cuda_graph: graphs && !tensorRt, ...limit } as const;
  const providers: InferenceSession.ExecutionProviderConfig[] = [cuda, 'cpu'];
  if (tensorRt) {
    demand('tensorrt', 'TensorRT');
    providers.unshift({
      name: 'tensorrt',
      deviceId: 0,
      trt_fp16_enable: variant === 'fp16',
      trt_int8_enable: variant === 'int8',
      trt_cuda_graph_enable: graphs,
      trt_engine_cache_enable: true,
    } as InferenceSession.ExecutionProviderConfig);
  }
  return { ...CPU_EXECUTION, variant, providers };
}
