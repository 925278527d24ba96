import type { MessagesMap, ServiceRequestMessage, ServiceResponseMessage, ServicesMap } from 'rclnodejs';

type TypedArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** As decoded: every numeric array is a typed array. */
type Decoded<T> = [Extract<T, TypedArray>] extends [never]
  ? T extends readonly (infer E)[]
    ? Decoded<E>[]
    : T extends object
      ? { -readonly [K in keyof T]: Decoded<T[K]> }
      : T
  : Extract<T, TypedArray>;

/** As given to be encoded: what is left out is zero, '' or []. Numeric arrays may be plain or typed. */
type Encodable<T> = [Extract<T, TypedArray>] extends [never]
  ? T extends readonly (infer E)[]
    ? readonly Encodable<E>[]
    : T extends object
      ? { readonly [K in keyof T]?: Encodable<T[K]> }
      : T
  : T;

/** Full name of a message type, e.g. 'sensor_msgs/msg/JointState'. */
export type MessageType = keyof MessagesMap & `${string}/msg/${string}`;

/** A message of type `T` as it is received. */
export type Message<T extends MessageType> = Decoded<MessagesMap[T]>;

/** A message of type `T` as it may be written down to be sent. */
export type MessageInput<T extends MessageType> = Encodable<MessagesMap[T]>;

/** Full name of a service type, e.g. 'std_srvs/srv/Trigger'. */
export type ServiceType = keyof ServicesMap & `${string}/srv/${string}`;

export type ServiceRequest<T extends ServiceType> = ServiceRequestMessage<T>;
export type ServiceResponse<T extends ServiceType> = ServiceResponseMessage<T>;

/** A time as messages hold it. */
export type Stamp = Message<'builtin_interfaces/msg/Time'>;
