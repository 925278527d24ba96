import { KserveHttp } from './kserve-http.js';
import { KserveModels, modelPath, type ServedModel, type TensorDescription } from './kserve-models.js';
import { type ElementType, type NumericArray, numericArray } from './numeric-array.js';
import type { PolicyClient, PolicyRequest, ServerAddress, ServerDescription } from './policy-client.js';

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
  readonly #http: KserveHttp;
  readonly #models: KserveModels;
  readonly #model: ServedModel;

  constructor(address: ServerAddress, model: ServedModel) {
    this.#http = new KserveHttp(address);
    this.#models = new KserveModels(this.#http);
    this.#model = model;
  }

  async connect(): Promise<ServerDescription> {
    await this.#http.ask('/v2/health/ready');
    const { inputs, outputs } = await this.#models.describe(this.#model);
    const named = (of: (datatype: string) => boolean) =>
      inputs.filter(({ datatype }) => of(datatype)).map(({ name }) => name);
    return {
      images: named((datatype) => datatype === 'UINT8'),
      states: named((datatype) => datatype.startsWith('FP')),
      texts: named((datatype) => datatype === 'BYTES'),
      actions: outputs.map(({ name }) => name),
      shapes: new Map([...inputs, ...outputs].flatMap(unbatchedShape)),
      metadata: new Map([['model', this.#model.name]]),
    };
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
    const { headers, body } = await this.#http.ask(`${modelPath(this.#model)}/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', [HEADER_LENGTH]: String(header.length) },
      body: Buffer.concat([header, ...parts]),
    });
    return readReply(body, headers[HEADER_LENGTH]);
  }

  async close(): Promise<void> {}
}

/** The shape without the dimension of the batch, by name; none where the server does not tell. */
function unbatchedShape({ name, shape }: TensorDescription): (readonly [string, readonly number[]])[] {
  return shape === undefined ? [] : [[name, shape[0] === -1 || shape[0] === 1 ? shape.slice(1) : shape]];
}

/** @param headerLength length of the JSON before the arrays; undefined where everything is JSON */
function readReply(body: Buffer, headerLength: string | string[] | undefined): Map<string, NumericArray> {
  const length = headerLength === undefined ? body.length : Number(headerLength);
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
