import protocol from '@foxglove/ws-protocol';

/** Foxglove's server and client, and its levels of severity; Node finds no names in that package, which is CommonJS. */
export const { FoxgloveServer, FoxgloveClient, StatusLevel } = protocol;
export type FoxgloveServer = InstanceType<typeof FoxgloveServer>;
