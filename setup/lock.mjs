// One set-up at a time: a second one waits for the first and then finds nothing left to do.
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs an action while holding the lock of a folder.
 * @template T
 * @param {string} folder
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function withLock(folder, action) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'setup.lock');
  const release = () => rmSync(file, { force: true });
  for (let told = false; !acquire(file); await sleep(200)) {
    const holder = Number(readIfThere(file));
    if (holder > 0 && !isAlive(holder)) release();
    else if (!told) {
      process.stderr.write(`Waiting for the set-up that process ${holder} is running …\n`);
      told = true;
    }
  }
  const interrupt = () => {
    release();
    process.exit(130);
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await action();
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    release();
  }
}

/** @param {string} file */
function acquire(file) {
  try {
    const handle = openSync(file, 'wx');
    writeSync(handle, String(process.pid));
    closeSync(handle);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
