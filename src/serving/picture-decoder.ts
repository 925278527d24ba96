import { decode as decodePng } from 'fast-png';
import jpeg from 'jpeg-js';

/** Largest picture accepted, pixels. */
const LARGEST = 4096 * 4096;

/** A colour picture as a request carries it: base64 of a JPEG or PNG file, or of raw rgb8. */
export interface EncodedPicture {
  readonly format: 'jpeg' | 'png' | 'rgb8';
  readonly data: string;
  /** Needed for rgb8. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** Depth as a request carries it: base64 of a 16-bit PNG file in millimetres, or of raw 32FC1 in metres. */
export interface EncodedDepth {
  readonly format: 'png16' | '32fc1';
  readonly data: string;
}

/** rgb8 pixels. */
export interface DecodedPicture {
  readonly width: number;
  readonly height: number;
  readonly color: Uint8Array;
}

/**
 * @param key of the picture in the request
 * @throws Error saying what is wrong with the picture
 */
export function decodePicture(key: string, { format, data, width, height }: EncodedPicture): DecodedPicture {
  const bytes = Buffer.from(data, 'base64');
  if (format === 'rgb8') {
    if (width === undefined || height === undefined) throw new Error(`${key}: rgb8 needs width and height`);
    if (bytes.length !== 3 * width * height) {
      throw new Error(`${key}: ${bytes.length} bytes; ${width}×${height} rgb8 needs ${3 * width * height}`);
    }
    return { width, height, color: bytes };
  }
  if (format === 'jpeg') {
    const options = { useTArray: true as const, formatAsRGBA: false, maxResolutionInMP: LARGEST / 1e6 };
    const picture = named(key, 'a JPEG file', () => jpeg.decode(bytes, options));
    return { width: picture.width, height: picture.height, color: picture.data };
  }
  const picture = named(key, 'a PNG file', () => decodePng(bytes));
  const { channels, depth } = picture;
  if (depth !== 8 || (channels !== 3 && channels !== 4)) {
    throw new Error(`${key}: a PNG of ${channels} channels of ${depth} bits; 3 or 4 of 8 bits are read`);
  }
  const pixels = picture.width * picture.height;
  const color = new Uint8Array(3 * pixels);
  for (let p = 0; p < pixels; p++) {
    for (let k = 0; k < 3; k++) color[3 * p + k] = picture.data[channels * p + k]!;
  }
  return { width: picture.width, height: picture.height, color };
}

/**
 * @returns m, 0 where there is none
 * @throws Error where the depth has another size than the colour, or is malformed
 */
export function decodeDepth({ format, data }: EncodedDepth, width: number, height: number): Float32Array {
  const bytes = Buffer.from(data, 'base64');
  if (format === '32fc1') {
    if (bytes.length !== 4 * width * height) {
      throw new Error(`depth: ${bytes.length} bytes; ${width}×${height} 32FC1 needs ${4 * width * height}`);
    }
    // The bytes may lie anywhere in a buffer that others share; floats begin at multiples of four.
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  }
  const picture = named('depth', 'a PNG file', () => decodePng(bytes));
  if (picture.depth !== 16 || picture.channels !== 1) {
    throw new Error(`depth: a PNG of ${picture.channels} channels of ${picture.depth} bits; 1 of 16 bits is read`);
  }
  if (picture.width !== width || picture.height !== height) {
    throw new Error(`depth: ${picture.width}×${picture.height}; the image is ${width}×${height}`);
  }
  return Float32Array.from(picture.data, (millimetres) => millimetres / 1000);
}

function named<T>(what: string, kind: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw new Error(`${what}: not ${kind} that can be read: ${(error as Error).message}`, { cause: error });
  }
}
