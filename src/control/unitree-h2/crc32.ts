const POLYNOMIAL = 0x04c11db7;

/** What the CRC starts from. */
export const CRC_START = 0xffffffff | 0;

/** Table k: what a byte at distance k from the low end of the register becomes after all 32 bits have passed. */
const TABLES = [0, 1, 2, 3].map((distance) => {
  const table = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 24;
    for (let bit = 0; bit < 8 * (distance + 1); bit++) crc = crc < 0 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
    table[byte] = crc;
  }
  return table;
});
const [T0, T1, T2, T3] = TABLES as [Int32Array, Int32Array, Int32Array, Int32Array];

/**
 * CRC-32/MPEG-2 as Unitree's firmware computes it: polynomial 0x04C11DB7, most significant bit first, no reflection, no
 * final exclusive or; over 32-bit words, each taken most significant byte first.
 * @param crc so far: {@link CRC_START} @param word the next one
 * @returns the CRC, signed: `>>> 0` makes it what others print
 */
export function crc32(crc: number, word: number): number {
  const x = crc ^ word;
  return T3[x >>> 24] ^ T2[(x >>> 16) & 0xff] ^ T1[(x >>> 8) & 0xff] ^ T0[x & 0xff];
}
