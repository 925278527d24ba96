import type { WireMap } from './msgpack-numpy.js';
import type { NumericArray } from './numeric-array.js';

/** Largest answer that is taken in, bytes: a chunk with the video that it expects is some tens of millions. */
export const LARGEST_REPLY = 256e6;

/** What a policy is asked: images and states by the names that its server uses. */
export interface PolicyRequest {
  /** T × height × width × 3 (`|u1`), oldest first. */
  readonly images: ReadonlyMap<string, NumericArray>;
  /** One vector each (`<f4`). */
  readonly states: ReadonlyMap<string, NumericArray>;
  /** The key of the instruction, and its text. */
  readonly instruction: readonly [string, string];
}

/** What a server says of its policy: names that it expects or gives, as far as it tells. */
export interface ServerDescription {
  readonly images?: readonly string[];
  readonly states?: readonly string[];
  /** Those that take the instruction. */
  readonly texts?: readonly string[];
  readonly actions?: readonly string[];
  /** Shape of each, as far as it tells; -1 is any number. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
  /** Whatever else it says. */
  readonly metadata: WireMap;
}

/** A connection to a policy server. One question at a time. */
export interface PolicyClient {
  /** Connects, within the time-out. @throws Error that names the server and the remedy */
  connect(): Promise<ServerDescription>;
  /**
   * Asks; connects again where the connection was lost.
   * @returns arrays by the server's names
   * @throws Error with the server's own words where it failed, or that it did not answer in time
   */
  ask(request: PolicyRequest): Promise<ReadonlyMap<string, NumericArray>>;
  close(): Promise<void>;
}

/** How a server is reached. */
export interface ServerAddress {
  readonly url: string;
  /** Longest wait for an answer, s. */
  readonly timeout: number;
  /** Secret that the server wants, where it wants one. */
  readonly token?: string | undefined;
}
