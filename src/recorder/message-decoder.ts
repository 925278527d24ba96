import { parse } from '@foxglove/rosmsg';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import type { Message, MessageType } from '../ros/messages.js';
import type { BagMessage, BagTopic } from './bag-reader.js';

/** Reads the messages of a bag by the definitions in it, without an installed ROS. */
export class MessageDecoder {
  readonly #readers = new Map<BagTopic, MessageReader>();

  /** @throws Error where the topic is of another type, or the bytes are no such message */
  decode<T extends MessageType>(type: T, { topic, data }: BagMessage): Message<T> {
    if (topic.type !== type) throw new Error(`topic ${topic.name} is of type ${topic.type}, needs ${type}`);
    let reader = this.#readers.get(topic);
    if (reader === undefined) {
      reader = new MessageReader(parse(topic.definition, { ros2: true }));
      this.#readers.set(topic, reader);
    }
    return reader.readMessage(data) as Message<T>;
  }
}
