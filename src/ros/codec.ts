import { parse } from '@foxglove/rosmsg';
import { MessageReader, MessageWriter } from '@foxglove/rosmsg2-serialization';
import { readMessageDefinition } from './message-definition.js';
import type { Message, MessageInput, MessageType } from './messages.js';
import { stringPadding } from './utf8.js';

/**
 * Writes and reads the CDR bytes of one message type.
 *
 * What is read refers to the bytes where it can: `uint8[]` always (so an image is not copied), wider types when they
 * happen to be aligned.
 */
export class Codec<T extends MessageType> {
  readonly type: T;
  readonly #writer: MessageWriter;
  readonly #reader: MessageReader<Message<T>>;
  readonly #prepare: ((message: Record<string, unknown>) => Record<string, unknown>) | undefined;
  #scratch = new ArrayBuffer(1024);

  /**
   * @param definitions where they are not those of a message in the ament index
   * @throws Error when the type is not installed
   */
  constructor(type: T, definitions = readMessageDefinition(type)) {
    this.type = type;
    this.#writer = new MessageWriter(definitions);
    this.#reader = new MessageReader(definitions);
    this.#prepare = stringPadding(definitions);
  }

  /**
   * @returns the bytes, valid until the next call
   * @throws Error naming an array of the wrong length
   */
  encode(message: MessageInput<T>): Buffer {
    const plain = message as Record<string, unknown>;
    // The writer's declaration says Uint8Array where it needs an ArrayBuffer, which it replaces when it is too small.
    const output = this.#scratch as unknown as Uint8Array;
    const { buffer, byteOffset, byteLength } = this.#writer.writeMessage(this.#prepare?.(plain) ?? plain, output);
    this.#scratch = buffer as ArrayBuffer;
    return Buffer.from(this.#scratch, byteOffset, byteLength);
  }

  /** @throws Error when the bytes are not a message of this type */
  decode(bytes: Uint8Array): Message<T> {
    return this.#reader.readMessage(bytes);
  }
}

/** The codec of a definition's text in the form ros2msg, as of a service's request or response. */
export function codecOf(text: string): Codec<MessageType> {
  return new Codec('' as MessageType, parse(text, { ros2: true }));
}
