import { type ElementType, type NumericArray, numericArray } from './numeric-array.js';
import {
  LARGEST_REPLY,
  type PolicyClient,
  type PolicyRequest,
  type ServerAddress,
  type ServerDescription,
} from './policy-client.js';

/** Element types by the names of the Open Inference Protocol. */
const DATATYPES: Readonly<Record<string, ElementType>> = {
  BOOL: '|b1',
  INT8: '|i1',
  UINT8: '|u1',
  INT16: '<i2',
  UINT16: '<u2',
  INT32: '<i4',
  UINT32: '<u4',
  INT64: '<i8',
  UINT64: '<u8',
  FP32: '<f4',
  FP64: '<f8',
};
const HEADER_LENGTH = 'inference-header-content-length';

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly parameters?: { readonly binary_data_size?: number };
  readonly data?: readonly number[];
}

/**
 * Speaks with servers of the Open Inference Protocol v2 (KServe, Triton) over HTTP, arrays in the binary extension:
 * JSON first, then the arrays' bytes one after the other. Every array gets a leading batch dimension of 1.
 */
export class KserveClient implements PolicyClient {
  readonly #address: ServerAddress;
  readonly #model: string;

  /** @param model name of the model on the server */
  constructor(address: ServerAddress, model: string) {
    this.#address = address;
    this.#model = model;
  }

  async connect(): Promise<ServerDescription> {
    await this.#fetch('/v2/health/ready');
    const reply = await this.#fetch(`/v2/models/${encodeURIComponent(this.#model)}`);
    const { inputs = [], outputs = [] } = (await reply.json()) as { inputs?: Tensor[]; outputs?: Tensor[] };
    const images = inputs.filter(({ datatype }) => datatype === 'UINT8').map(({ name }) => name);
    const states = inputs.filter(({ datatype }) => datatype.startsWith('FP')).map(({ name }) => name);
    return { images, states, actions: outputs.map(({ name }) => name), metadata: new Map([['model', this.#model]]) };
  }

  async ask({ images, states, instruction }: PolicyRequest): Promise<ReadonlyMap<string, NumericArray>> {
    const text = Buffer.from(instruction[1], 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    const parts: Uint8Array[] = [];
    const tensor = (name: string, shape: readonly number[], datatype: string, bytes: Uint8Array): Tensor => {
      parts.push(bytes);
      return { name, shape: [1, ...shape], datatype, parameters: { binary_data_size: bytes.length } };
    };
    const inputs = [
      ...[...images, ...states].map(([name, { dtype, shape, bytes }]) => tensor(name, shape, datatypeOf(dtype), bytes)),
      // A string is its length and its bytes.
      tensor(instruction[0], [], 'BYTES', Buffer.concat([length, text])),
    ];
    const header = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
    const reply = await this.#fetch(`/v2/models/${encodeURIComponent(this.#model)}/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', [HEADER_LENGTH]: String(header.length) },
      body: Buffer.concat([header, ...parts]),
    });
    return readReply(await this.#body(reply), reply.headers.get(HEADER_LENGTH));
  }

  async close(): Promise<void> {}

  /** @throws Error for one that is too large or does not come in time */
  async #body(reply: Response): Promise<Buffer> {
    const { url, timeout } = this.#address;
    const parts: Uint8Array[] = [];
    let size = 0;
    const tooLarge = () => new Error(`${url}: the inference server's answer is larger than ${LARGEST_REPLY} B`);
    if (Number(reply.headers.get('content-length')) > LARGEST_REPLY) {
      await reply.body?.cancel();
      throw tooLarge();
    }
    try {
      for await (const part of reply.body as AsyncIterable<Uint8Array>) {
        size += part.length;
        if (size > LARGEST_REPLY) break;
        parts.push(part);
      }
    } catch (error) {
      const reason = (error as Error).name === 'TimeoutError' ? `within ${timeout} s` : (error as Error).message;
      throw new Error(`${url}: the inference server did not answer in full: ${reason}`, { cause: error });
    }
    if (size > LARGEST_REPLY) throw tooLarge();
    return Buffer.concat(parts);
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const { url, timeout, token } = this.#address;
    const headers = { ...init.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    let reply: Response;
    try {
      reply = await fetch(new URL(path, url), { ...init, headers, signal: AbortSignal.timeout(1000 * timeout) });
    } catch (error) {
      const { name, message, cause } = error as Error;
      const reason =
        name === 'TimeoutError'
          ? `did not answer within ${timeout} s`
          : `cannot be reached: ${(cause as Error)?.message ?? message}`;
      throw new Error(`${url}: the inference server ${reason}`, { cause: error });
    }
    if (!reply.ok)
      throw new Error(`${url}${path}: the inference server answered ${reply.status}: ${await reply.text()}`);
    return reply;
  }
}

/** @param headerLength length of the JSON before the arrays; null where everything is JSON */
function readReply(body: Buffer, headerLength: string | null): Map<string, NumericArray> {
  const length = headerLength === null ? body.length : Number(headerLength);
  const { outputs } = JSON.parse(body.toString('utf8', 0, length)) as { outputs: readonly Tensor[] };
  let at = length;
  return new Map(
    outputs.map(({ name, shape, datatype, parameters, data }) => {
      const unbatched = shape[0] === 1 ? shape.slice(1) : shape;
      const size = parameters?.binary_data_size;
      if (size === undefined) {
        const values = new Uint8Array(Float64Array.from(data ?? []).buffer);
        return [name, numericArray('<f8', unbatched, values)];
      }
      const dtype = DATATYPES[datatype];
      if (dtype === undefined) throw new Error(`output ${name} has elements of type ${datatype}, which no action has`);
      const bytes = body.subarray(at, at + size);
      at += size;
      return [name, numericArray(dtype, unbatched, bytes)];
    }),
  );
}

function datatypeOf(dtype: ElementType): string {
  return Object.keys(DATATYPES).find((name) => DATATYPES[name] === dtype)!;
}
