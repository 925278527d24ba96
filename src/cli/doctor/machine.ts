import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { availableParallelism, freemem, loadavg } from 'node:os';
import { packagePath } from '../../ros/package-path.js';
import { error, type Finding, ok, warning } from './finding.js';

const GIBIBYTE = 2 ** 30;
const MEBIBYTE = 2 ** 20;

/** Cores that the whole graph needs, simulation included. */
const CORES = 2;
/** Memory of the whole graph, bytes. */
const MEMORY = 2 * GIBIBYTE;
/** More than the middleware takes of shared memory: 8 MiB for each node with images (config/fastrtps.xml), and lists; bytes. */
const SHARED_MEMORY = 192 * MEBIBYTE;
/** What each socket of the middleware asks for (config/fastrtps.xml), bytes. */
const SOCKET_BUFFER = 4 * MEBIBYTE;
/** Below this a recording soon fills the disk, bytes. */
const DISK = 5 * GIBIBYTE;
/** Largest domain whose ports are not those that Linux gives to others. */
const GREATEST_DOMAIN = 101;
const PRIORITY = '50';

/** What the graph needs of the computer. */
export function checkMachine(): Finding[] {
  return [
    checkCores(),
    checkMemory(),
    checkSharedMemory(),
    checkSocketBuffers(),
    checkDisk(),
    checkRealtime(),
    checkClock(),
    checkDomain(process.env.ROS_DOMAIN_ID),
    checkAccelerator(),
  ];
}

function checkCores(): Finding {
  const cores = availableParallelism();
  const load = loadavg()[0] ?? 0;
  const found = `${cores} cores, load ${load.toFixed(1)}`;
  if (cores < CORES) return error('cores', found, `the simulated robot needs ${CORES}: use a larger machine`);
  const isBusy = load > 0.7 * cores;
  return isBusy ? warning('cores', found, 'close other programs: the 1 kHz loop may miss cycles') : ok('cores', found);
}

/** What Linux could give to programs, caches included. */
function checkMemory(): Finding {
  const available = /^MemAvailable: *(\d+) kB/m.exec(readOr('/proc/meminfo', ''))?.[1];
  const bytes = available === undefined ? freemem() : 1024 * Number(available);
  const found = `${(bytes / GIBIBYTE).toFixed(1)} GiB available`;
  return bytes < MEMORY
    ? warning('memory', found, `the graph takes up to ${MEMORY / GIBIBYTE} GiB: close other programs`)
    : ok('memory', found);
}

function checkSharedMemory(): Finding {
  const path = '/dev/shm';
  if (!existsSync(path))
    return warning('shared memory', `no ${path}`, 'images go through UDP, which costs CPU: mount it');
  const free = freeSpace(path);
  const found = `${(free / MEBIBYTE).toFixed(0)} MiB free in ${path}`;
  return free < SHARED_MEMORY
    ? error(
        'shared memory',
        found,
        'nodes need 192 MiB: docker run --shm-size=512m, or remove stale /dev/shm/fastrtps_*',
      )
    : ok('shared memory', found);
}

function checkSocketBuffers(): Finding {
  const most = Number(readOr('/proc/sys/net/core/rmem_max', '0'));
  const found = `up to ${(most / MEBIBYTE).toFixed(1)} MiB a socket`;
  const remedy = `messages may be lost when the machine is busy: sysctl -w net.core.rmem_max=${SOCKET_BUFFER}`;
  return most < SOCKET_BUFFER ? warning('socket buffers', found, remedy) : ok('socket buffers', found);
}

function checkDisk(): Finding {
  const free = freeSpace(packagePath('.'));
  const found = `${(free / GIBIBYTE).toFixed(1)} GiB free`;
  return free < DISK ? warning('disk', found, 'a recording takes about 10 GiB an hour: make room') : ok('disk', found);
}

/** Tries it on a process of its own. */
function checkRealtime(): Finding {
  const remedy = `allow it: add "${process.env.USER ?? 'USER'} - rtprio ${PRIORITY}" to /etc/security/limits.conf, log in anew`;
  const { error: failure, status } = spawnSync('chrt', ['-f', PRIORITY, 'true']);
  if (failure !== undefined) return warning('real time', 'chrt is not installed', 'install util-linux');
  return status === 0
    ? ok('real time', `the 1 kHz loop gets SCHED_FIFO ${PRIORITY}`)
    : warning('real time', 'no permission for SCHED_FIFO: the loop is late more often', remedy);
}

/** Stamps of several computers are compared; a clock that is far behind makes files look new for ever. */
function checkClock(): Finding {
  const installed = statSync(packagePath('package.json')).mtimeMs;
  if (Date.now() < installed - 60_000) {
    return error('clock', `it is ${new Date().toISOString()}, before this package was installed`, 'set the clock');
  }
  const { status, stdout } = spawnSync('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
    encoding: 'utf8',
  });
  if (status === 0 && stdout.trim() === 'no') {
    return warning('clock', 'not synchronised', 'with a robot or sensors on the network: install chrony');
  }
  return ok('clock', status === 0 ? 'synchronised' : 'plausible');
}

/** @param domain value of ROS_DOMAIN_ID */
export function checkDomain(domain: string | undefined): Finding {
  const number = Number(domain ?? '0');
  if (!Number.isInteger(number) || number < 0 || number > 232) {
    return error('domain', `ROS_DOMAIN_ID is '${domain}'`, `set it to a number from 0 to ${GREATEST_DOMAIN}`);
  }
  if (number > GREATEST_DOMAIN) {
    const remedy = `choose one from 0 to ${GREATEST_DOMAIN}`;
    return warning('domain', `ROS_DOMAIN_ID ${number} uses ports that other programs may hold`, remedy);
  }
  return ok('domain', `ROS_DOMAIN_ID ${number}`);
}

/** The model runs on the CPU; what else there is may serve a larger one. */
function checkAccelerator(): Finding {
  const { status, stdout } = spawnSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
    encoding: 'utf8',
  });
  const found = status === 0 ? stdout.trim().split('\n').join(', ') : '';
  return ok('accelerator', found === '' ? 'none; cosmos3_micro needs none' : `${found}; cosmos3_micro needs none`);
}

function freeSpace(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function readOr(path: string, otherwise: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : otherwise;
}
