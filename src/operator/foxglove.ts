import protocol from '@foxglove/ws-protocol';

/** Foxglove's server and client; Node finds no names in that package, which is CommonJS. */
export const { FoxgloveServer, FoxgloveClient } = protocol;
export type FoxgloveServer = InstanceType<typeof FoxgloveServer>;
