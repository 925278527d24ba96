import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { LARGEST_REPLY, type ServerAddress } from './policy-client.js';

/** Characters of a server's own words that an error repeats. */
const MOST_WORDS = 1000;

export interface KserveRequest {
  /** GET where it is left out. */
  readonly method?: 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Longest wait, s; that of the server's address where it is left out. */
  readonly timeout?: number;
}

export interface KserveReply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** HTTP to a server of the Open Inference Protocol. Whatever it answers is bounded in time and in size. */
export class KserveHttp {
  readonly #address: ServerAddress;

  constructor(address: ServerAddress) {
    this.#address = address;
  }

  get url(): string {
    return this.#address.url;
  }

  /** @throws Error with the server's own words where it refuses, and as {@link send} */
  async ask(path: string, request: KserveRequest = {}): Promise<KserveReply> {
    const reply = await this.send(path, request);
    if (reply.status >= 200 && reply.status < 300) return reply;
    const words = reply.body.toString('utf8', 0, MOST_WORDS);
    throw new Error(`${this.url}${path}: the inference server answered ${reply.status}: ${words}`);
  }

  /** @throws Error with what the answer is, where it is no JSON; and as {@link ask} */
  async json(path: string, request: KserveRequest = {}): Promise<unknown> {
    const { body } = await this.ask(path, request);
    try {
      return JSON.parse(body.toString('utf8'));
    } catch (error) {
      throw new Error(`${this.url}${path}: the inference server's answer is no JSON: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /**
   * @returns the answer, whatever its status
   * @throws Error where the server cannot be reached, does not answer in time, or answers too much
   */
  async send(path: string, { method, headers, body, timeout }: KserveRequest = {}): Promise<KserveReply> {
    const { url, token } = this.#address;
    const patience = timeout ?? this.#address.timeout;
    const target = new URL(path, url);
    const signal = AbortSignal.timeout(1000 * patience);
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const open = target.protocol === 'https:' ? requestHttps : requestHttp;
    let answered = false;
    try {
      const sent = open(target, { method: method ?? 'GET', headers: { ...headers, ...authorization }, signal });
      sent.end(body);
      const [reply] = (await once(sent, 'response')) as [IncomingMessage];
      answered = true;
      const collected = await collect(reply);
      // An answer that ends with its connection looks whole when the connection is given up.
      signal.throwIfAborted();
      return { status: reply.statusCode!, headers: reply.headers, body: collected };
    } catch (error) {
      const late = signal.aborted;
      const { message, code } = error as NodeJS.ErrnoException;
      const reason = late
        ? `did not answer${answered ? ' in full' : ''} within ${patience} s`
        : answered
          ? `did not answer in full: ${message}`
          : `cannot be reached: ${message || code}`;
      throw new Error(`${url}: the inference server ${reason}`, { cause: error });
    }
  }
}

/** @throws Error for more than is taken in */
async function collect(reply: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  const tooLarge = () => {
    reply.destroy();
    return new Error(`its answer is larger than ${LARGEST_REPLY} B`);
  };
  if (Number(reply.headers['content-length']) > LARGEST_REPLY) throw tooLarge();
  for await (const part of reply as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LARGEST_REPLY) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}
