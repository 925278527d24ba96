import {
  type ActionChunk,
  type ActionPrediction,
  type ControllerState,
  type HandReference,
  seconds,
  type Time,
} from './messages.js';

/** Observations that are followed at most. */
const FOLLOWED = 32;

/** Delays of the latest observation, ms. */
export interface Delays {
  /** From the camera's exposure to the prediction, … */
  predict: number;
  /** … on to the chunk, … */
  decode: number;
  /** … on to the first plan, … */
  plan: number;
  /** … and on to the loop that follows it. */
  apply: number;
}

/** How long each stage takes, by the times that its messages carry. */
export class LatencyMeter {
  readonly delays: Delays = { predict: NaN, decode: NaN, plan: NaN, apply: NaN };
  readonly #published = new Map<string, number>();

  observePrediction({ header, published }: ActionPrediction): void {
    this.delays.predict = 1000 * (seconds(published) - seconds(header.stamp));
    this.#keep('prediction', header.stamp, published);
  }

  observeChunk({ header, published }: ActionChunk): void {
    this.delays.decode = this.#since('prediction', header.stamp, published) ?? this.delays.decode;
    this.#keep('chunk', header.stamp, published);
  }

  observePlan({ header, published, observation_stamp }: HandReference): void {
    const delay = this.#since('chunk', observation_stamp, published);
    if (delay === undefined) return;
    this.delays.plan = delay;
    this.#published.delete(key('chunk', observation_stamp));
    this.#keep('plan', header.stamp, published);
  }

  observeController({ reference_stamp, reference_applied }: ControllerState): void {
    this.delays.apply = this.#since('plan', reference_stamp, reference_applied) ?? this.delays.apply;
  }

  #keep(stage: string, stamp: Time, published: Time): void {
    this.#published.set(key(stage, stamp), seconds(published));
    if (this.#published.size > FOLLOWED) this.#published.delete(this.#published.keys().next().value!);
  }

  /** ms */
  #since(stage: string, stamp: Time, time: Time): number | undefined {
    const before = this.#published.get(key(stage, stamp));
    return before === undefined ? undefined : 1000 * (seconds(time) - before);
  }
}

function key(stage: string, { sec, nanosec }: Time): string {
  return `${stage} ${sec}.${nanosec}`;
}
