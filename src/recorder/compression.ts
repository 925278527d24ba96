import decompressLz4 from '@foxglove/wasm-lz4';
import { compress, decompress, isLoaded } from '@foxglove/wasm-zstd';
import type { DecompressHandlers } from '@mcap/core';

/** Level of zstd that keeps up with three RGB-D cameras in a fifth of a core. */
const LEVEL = 1;

/** Chunks that unpack to more than this are taken for damaged, bytes. */
const GREATEST_CHUNK = 2 ** 29;

/** How the chunks of a bag are packed. */
export interface Compression {
  /** As MCAP names it; '' for none. */
  readonly name: string;
  pack(bytes: Uint8Array): Uint8Array;
}

export const uncompressed: Compression = { name: '', pack: (bytes) => bytes };

/** zstd, ready to be used. */
export async function zstd(): Promise<Compression> {
  await isLoaded;
  return { name: 'zstd', pack: (bytes) => compress(bytes, LEVEL) };
}

/** What unpacks the chunks of any bag, ready to be used. They throw for sizes that no real chunk has. */
export async function decompressors(): Promise<DecompressHandlers> {
  await Promise.all([isLoaded, decompressLz4.isLoaded]);
  const checked = (unpack: (bytes: Uint8Array, size: number) => Uint8Array) => (bytes: Uint8Array, size: bigint) => {
    if (size > GREATEST_CHUNK) throw new Error(`a chunk of ${size} bytes`);
    return unpack(bytes, Number(size));
  };
  return { zstd: checked(decompress), lz4: checked(decompressLz4) };
}
