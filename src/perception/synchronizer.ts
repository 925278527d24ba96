/** What has become of the frames of one channel. Every frame received is counted once more: as matched, dropped, late or torn, or is still waiting. */
export interface ChannelStatistics {
  received: number;
  matched: number;
  /** Found no partners in time. */
  dropped: number;
  /** Came after a newer frame of the channel had been matched, or twice. */
  late: number;
  /** Were not frames: wrong size, encoding or content. */
  torn: number;
  /** Sets that were completed without this (optional) channel. */
  missing: number;
  /** Stamp of the newest frame, s; −Infinity before the first. */
  newest: number;
}

/** Settings of a {@link Synchronizer}. */
export interface SynchronizerOptions {
  /** Names of the channels; the stamp of the first is the stamp of a set. */
  readonly channels: readonly string[];
  /** Channels that a set can do without; not the first. */
  readonly optional?: readonly string[];
  /** Greatest difference between the stamps in a set, s. */
  readonly tolerance: number;
  /** How many frames of a channel wait at most for their partners. */
  readonly queueLength?: number;
}

/** Frames that belong together. */
export interface SynchronizedSet<T> {
  /** Stamp of the first channel's frame, s. */
  readonly stamp: number;
  /** One for each channel, in their order; undefined for an optional channel without a frame. */
  readonly frames: readonly (Stamped<T> | undefined)[];
}

/** A frame and the time it shows, s. */
export interface Stamped<T> {
  readonly stamp: number;
  readonly data: T;
}

interface Channel<T> {
  readonly statistics: ChannelStatistics;
  readonly optional: boolean;
  /** Ascending by stamp. */
  readonly queue: Stamped<T>[];
  lastMatched: number;
  /** An optional channel that failed to deliver is not waited for until it delivers again. */
  absent: boolean;
}

/** A stamp that goes back by more than this is a restarted clock, not a late frame, s. */
const CLOCK_RESTART = 1;
const DEFAULT_QUEUE_LENGTH = 10;

/**
 * Brings together frames of several channels whose stamps agree within a tolerance. The newest of the channels' oldest
 * frames decides which older frames can have no partners any more; of several candidates the nearest in time is taken.
 * An optional channel is waited for until the next frame of another shows that its own is missing. Works on stamps
 * alone, without a clock. When time goes back (a restarted simulation) everything starts anew.
 */
export class Synchronizer<T> {
  /** How often the stamps went back. */
  restarts = 0;
  /** How many sets were completed. */
  sets = 0;

  readonly #channels = new Map<string, Channel<T>>();
  readonly #list: readonly Channel<T>[];
  readonly #tolerance: number;
  readonly #queueLength: number;
  readonly #onSet: (set: SynchronizedSet<T>) => void;

  /** @param onSet - is given each set as it becomes complete, in the order of their stamps. */
  constructor(options: SynchronizerOptions, onSet: (set: SynchronizedSet<T>) => void) {
    const { channels, optional = [], tolerance, queueLength = DEFAULT_QUEUE_LENGTH } = options;
    if (channels.length === 0 || new Set(channels).size !== channels.length) {
      throw new Error(`Channels are [${channels.join(', ')}]; there must be at least one, each with its own name.`);
    }
    if (!(tolerance >= 0)) throw new Error(`Synchronisation tolerance is ${tolerance} s; it must not be negative.`);
    if (!(queueLength >= 1)) throw new Error(`Queue length is ${queueLength}; it must be at least 1.`);
    const stray = optional.find((name) => !channels.includes(name) || name === channels[0]);
    if (stray !== undefined) {
      throw new Error(`Optional channel '${stray}' must be one of ${channels.slice(1).join(', ')}.`);
    }
    this.#tolerance = tolerance;
    this.#queueLength = queueLength;
    this.#onSet = onSet;
    for (const name of channels) {
      this.#channels.set(name, {
        statistics: { received: 0, matched: 0, dropped: 0, late: 0, torn: 0, missing: 0, newest: -Infinity },
        optional: optional.includes(name),
        queue: [],
        lastMatched: -Infinity,
        absent: false,
      });
    }
    this.#list = [...this.#channels.values()];
  }

  /** Counts of a channel; live, not a copy. */
  statistics(name: string): Readonly<ChannelStatistics> {
    return this.#channel(name).statistics;
  }

  /** Takes a frame; completes a set, or several, if it was the one they were waiting for. */
  add(name: string, stamp: number, data: T): void {
    const channel = this.#channel(name);
    const { statistics, queue } = channel;
    if (!Number.isFinite(stamp)) {
      this.reject(name);
      return;
    }
    statistics.received++;
    if (stamp < statistics.newest - CLOCK_RESTART) this.#restart();
    statistics.newest = Math.max(statistics.newest, stamp);
    channel.absent = false;
    let at = queue.length;
    while (at > 0 && queue[at - 1].stamp > stamp) at--;
    if (stamp <= channel.lastMatched || queue[at - 1]?.stamp === stamp) {
      statistics.late++;
      return;
    }
    queue.splice(at, 0, { stamp, data });
    if (queue.length > this.#queueLength) this.#drop(channel, 1);
    while (this.#match());
  }

  /** Counts a frame that was not usable. */
  reject(name: string): void {
    const { statistics } = this.#channel(name);
    statistics.received++;
    statistics.torn++;
  }

  /** Completes one set if possible, and says whether it did. */
  #match(): boolean {
    if (!this.#alignRequired()) return false;
    const reference = this.#list[0].queue[0].stamp;
    const overdue = this.#list.some(({ optional, queue }) => !optional && queue.length > 1);
    for (const channel of this.#list) {
      if (!channel.optional) continue;
      const early = channel.queue.findIndex(({ stamp }) => stamp >= reference - this.#tolerance);
      this.#drop(channel, early < 0 ? channel.queue.length : early);
      if (channel.queue.length === 0 && !channel.absent && !overdue) return false;
    }
    const frames = this.#list.map((channel) => this.#take(channel, reference));
    this.sets++;
    this.#onSet({ stamp: reference, frames });
    return true;
  }

  /** Drops frames until the oldest ones of all required channels belong together; says whether they do. */
  #alignRequired(): boolean {
    for (;;) {
      let newest = -Infinity;
      for (const { optional, queue } of this.#list) {
        if (optional) continue;
        if (queue.length === 0) return false;
        newest = Math.max(newest, queue[0].stamp);
      }
      let aligned = true;
      for (const channel of this.#list) {
        if (channel.optional) continue;
        const { queue } = channel;
        while (
          queue.length > 0 &&
          (queue[0].stamp < newest - this.#tolerance || (queue.length > 1 && queue[1].stamp <= newest))
        ) {
          this.#drop(channel, 1);
          aligned = false;
        }
      }
      if (aligned) return true;
    }
  }

  #take(channel: Channel<T>, reference: number): Stamped<T> | undefined {
    const { queue, statistics, optional } = channel;
    if (optional) {
      const away = (at: number) => Math.abs(queue[at].stamp - reference);
      while (queue.length > 1 && away(1) <= away(0)) this.#drop(channel, 1);
      if (queue.length === 0 || away(0) > this.#tolerance) {
        statistics.missing++;
        channel.absent = queue.length === 0;
        return undefined;
      }
    }
    const frame = queue.shift()!;
    channel.lastMatched = frame.stamp;
    statistics.matched++;
    return frame;
  }

  #drop(channel: Channel<T>, count: number): void {
    channel.queue.splice(0, count);
    channel.statistics.dropped += count;
  }

  #restart(): void {
    this.restarts++;
    for (const channel of this.#list) {
      this.#drop(channel, channel.queue.length);
      channel.lastMatched = -Infinity;
      channel.statistics.newest = -Infinity;
      channel.absent = false;
    }
  }

  #channel(name: string): Channel<T> {
    const channel = this.#channels.get(name);
    if (channel === undefined) {
      throw new Error(`Channel '${name}' is unknown; there are ${[...this.#channels.keys()].join(', ')}.`);
    }
    return channel;
  }
}
