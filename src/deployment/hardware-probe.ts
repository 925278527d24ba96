import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { listSupportedBackends } from 'onnxruntime-node';
import type { Tier, TierDeployment } from './tiers.js';

const run = promisify(execFile);
const MEBIBYTE = 2 ** 20;
/** Memory is sold in powers of ten and partly taken by the driver: this share of it must be there. */
const MEMORY_SHARE = 0.9;

export interface Gpu {
  readonly name: string;
  /** bytes */
  readonly memory: number;
}

/** What this computer has to run models on. */
export interface Hardware {
  readonly gpus: readonly Gpu[];
  /** bytes */
  readonly memory: number;
  /** Release of NVIDIA's Jetson Linux, where that is what runs here. */
  readonly tegra: string | undefined;
  /** Execution providers of ONNX Runtime that are installed. */
  readonly providers: readonly string[];
}

/** Looks at this computer. A tool that is missing means that what it would report is missing. */
export async function probeHardware(): Promise<Hardware> {
  const tegra = await readFile('/etc/nv_tegra_release', 'utf8').then(
    (text) => text.split('\n')[0]!.replace(/^#\s*/, ''),
    () => undefined,
  );
  const gpus = await listGpus();
  // A Jetson shares its memory with the GPU and has no nvidia-smi query for it.
  if (gpus.length === 0 && tegra !== undefined) gpus.push({ name: `Jetson (${tegra})`, memory: totalmem() });
  const providers = listSupportedBackends().flatMap(({ name, bundled }) =>
    bundled || isInstalled(name) ? [name] : [],
  );
  return { gpus, memory: totalmem(), tegra, providers };
}

/** Providers that do not come with the package are libraries that its installation may have put beside its own. */
function isInstalled(provider: string): boolean {
  const folder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const library = join(process.platform, process.arch, `libonnxruntime_providers_${provider}.so`);
  return readdirSync(join(folder, 'bin')).some((version) => existsSync(join(folder, 'bin', version, library)));
}

async function listGpus(): Promise<Gpu[]> {
  const query = ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits'];
  try {
    const { stdout } = await run('nvidia-smi', query, { timeout: 5000 });
    return parseGpus(stdout);
  } catch {
    return [];
  }
}

/** Reads what `nvidia-smi` prints: a name and an amount of memory (MiB) a line. */
export function parseGpus(text: string): Gpu[] {
  return text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [, name, memory] = /^(.+),\s*(\d+)$/.exec(line.trim()) ?? [];
      return name === undefined ? [] : [{ name, memory: Number(memory) * MEBIBYTE }];
    });
}

/** What a tier needs to be run here that this hardware lacks, in words; empty where nothing is missing. */
export function missingFor({ hardware }: TierDeployment, { gpus, memory }: Hardware): string[] {
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(0)} GB`;
  const missing: string[] = [];
  const { gpu_count, memory_per_gpu = 0, ram = 0 } = hardware;
  if (gpus.length < gpu_count) missing.push(`${gpu_count} GPUs (here: ${gpus.length})`);
  const small = gpus.slice(0, gpu_count).filter((gpu) => gpu.memory < MEMORY_SHARE * memory_per_gpu);
  for (const gpu of small) {
    missing.push(`${gigabytes(memory_per_gpu)} of memory on ${gpu.name} (it has ${gigabytes(gpu.memory)})`);
  }
  if (memory < MEMORY_SHARE * ram) missing.push(`${gigabytes(ram)} of memory (here: ${gigabytes(memory)})`);
  return missing;
}

/** The tiers that would run here, the largest first. */
export function runnableTiers(tiers: Readonly<Record<Tier, TierDeployment>>, hardware: Hardware): Tier[] {
  const names = Object.keys(tiers) as Tier[];
  return names
    .filter((name) => missingFor(tiers[name], hardware).length === 0)
    .sort((a, b) => tiers[b].model.parameters - tiers[a].model.parameters);
}
