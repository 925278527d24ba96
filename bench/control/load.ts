import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Keeps every core busy with a process of ordinary priority while `work` runs. */
export async function underLoad<T>(work: () => Promise<T>): Promise<T> {
  const hogs: ChildProcess[] = [];
  try {
    for (let k = 0; k < availableParallelism(); k++) {
      hogs.push(spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
    }
    return await work();
  } finally {
    for (const hog of hogs) hog.kill('SIGKILL');
  }
}
