import { readFileSync } from 'node:fs';
import type { Embodiment } from './embodiment.js';
import type { ServerAddress } from './policy-client.js';

/** Time that an answer may take by default, in chunks. */
const CHUNKS_WAITED = 2;

/**
 * Where the server of an embodiment map is, how long its answers may take, and its secret, which comes from the
 * environment or from a file: parameters and launch arguments are shown to anyone.
 * @throws Error naming what holds no secret, or that the address has one in it
 */
export function serverAddress(embodiment: Embodiment): ServerAddress {
  const { url, horizon, step, timeout = CHUNKS_WAITED * horizon * step } = embodiment;
  const { username, password, host } = new URL(url);
  if (username !== '' || password !== '') {
    throw new Error(
      `${host}: the address of the policy server has a secret in it, which 'ros2 param dump' shows; ` +
        'take it out, and name token_variable or token_file in the embodiment map',
    );
  }
  return { url, timeout, token: readToken(embodiment) };
}

function readToken({ url, token_variable: variable, token_file: file }: Embodiment): string | undefined {
  if (variable !== undefined) {
    const token = process.env[variable];
    if (!token)
      throw new Error(`${url}: the environment variable ${variable} is not set; it holds the server's secret`);
    return token;
  }
  if (file === undefined) return undefined;
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (token === '') throw new Error('it is empty');
    return token;
  } catch (error) {
    throw new Error(`${url}: token_file ${file} holds no secret for the server: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
