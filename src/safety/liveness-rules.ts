import { LatencyHistogram } from '../control/latency-histogram.js';
import type { Findings } from './findings.js';
import { type SafetyLimits, silenceLimit } from './safety-config.js';

/** Something that must not fall silent: a node, by its heartbeats, or a topic, by its messages. */
export type Kind = 'node' | 'topic';

interface Watch {
  readonly kind: Kind;
  readonly name: string;
  readonly key: string;
  readonly timeout: number;
  heard: number | undefined;
  /** Longest silence since the graph had settled, s. */
  longest: number;
  /** All of them, µs. */
  readonly silences: LatencyHistogram;
  /** The limit that it passed; it counts as silent until it is heard again. */
  passed: number | undefined;
  /** The node's process ended, and it has not been heard since. */
  ended: boolean;
}

/** Judgements that are further apart than this many periods were not made in time. */
const LATE = 2;

/**
 * Watchdogs of nodes and topics. Programs that start keep the machine busy, so the limits are wide while the graph
 * comes up, and until all have been well for a while: the tight limits hold from then on, until one falls silent.
 * Before it is first heard, a silent one is a warning. A judgement that comes late judges nobody: what others sent in
 * the meantime still waits to be read.
 */
export class LivenessRules {
  readonly #limits: SafetyLimits['silence'];
  readonly #watches: ReadonlyMap<string, Watch>;
  readonly #period: number;
  readonly #findings: Findings;
  #wellSince = Number.NaN;
  #judged = Number.NaN;
  /** The last judgement came late. */
  #late = false;

  /** @param names by kind @param period of the judgements, s */
  constructor(
    limits: SafetyLimits,
    names: Readonly<Record<Kind, readonly string[]>>,
    period: number,
    findings: Findings,
  ) {
    const watches = (['node', 'topic'] as const).flatMap((kind) =>
      names[kind].map((name): [string, Watch] => {
        const key = `${kind}:${name}`;
        const timeout = silenceLimit(limits, kind, name);
        return [
          key,
          {
            kind,
            name,
            key,
            timeout,
            heard: undefined,
            longest: 0,
            silences: new LatencyHistogram(),
            passed: undefined,
            ended: false,
          },
        ];
      }),
    );
    this.#limits = limits.silence;
    this.#watches = new Map(watches);
    this.#period = period;
    this.#findings = findings;
  }

  /** Whether the tight limits hold. */
  get settled(): boolean {
    return this.#judged - this.#wellSince >= this.#limits.settle;
  }

  /** Longest silence of each node and topic while the tight limits held, s, by name. */
  longestSilences(): Record<string, number> {
    return Object.fromEntries([...this.#watches.values()].map(({ name, longest }) => [name, longest]));
  }

  /** What 99.9 % of the silences of each node and topic were within while the tight limits held, s, by name. */
  usualSilences(): Record<string, number> {
    return Object.fromEntries(
      [...this.#watches.values()].map(({ name, silences }) => [name, 1e-6 * silences.quantile(0.999)]),
    );
  }

  /** A sign of life; names that are not watched are ignored. @param time s, of arrival */
  observe(kind: Kind, name: string, time: number): void {
    const watch = this.#watches.get(`${kind}:${name}`);
    if (watch === undefined) return;
    if (watch.heard !== undefined && this.settled) {
      watch.longest = Math.max(watch.longest, time - watch.heard);
      watch.silences.record(1e6 * (time - watch.heard));
    }
    watch.heard = time;
    watch.passed = undefined;
    watch.ended = false;
  }

  /** The process of a node ended that was at work; names that are not watched are ignored. */
  observeEnd(node: string): void {
    const watch = this.#watches.get(`node:${node}`);
    if (watch === undefined) return;
    watch.ended = true;
    this.#findings.set(watch.key, 'node_ended', `the process of node ${node} has ended`);
  }

  /** @param time s, now */
  judge(time: number): void {
    // Never twice in a row: one that is always late would judge nothing.
    this.#late = !this.#late && time - this.#judged > LATE * this.#period;
    this.#judged = time;
    if (this.#late) return;
    const { settled } = this;
    let well = true;
    for (const watch of this.#watches.values()) {
      const { kind, name, key, timeout, heard } = watch;
      const silence = time - (heard ?? time);
      const limit = settled ? timeout : Math.max(timeout, this.#limits.startup);
      if (silence > limit) watch.passed ??= limit;
      if (heard !== undefined && watch.passed === undefined && !watch.ended) {
        this.#findings.clear(key);
        continue;
      }
      well = false;
      if (watch.ended) continue;
      if (heard === undefined) this.#findings.set(key, 'not_heard', `${kind} ${name} has not been heard yet`);
      else this.#findings.set(key, `${kind}_silent`, describeSilence(watch, silence));
    }
    if (!well) this.#wellSince = Number.NaN;
    else if (Number.isNaN(this.#wellSince)) this.#wellSince = time;
  }
}

function describeSilence({ kind, name, passed }: Watch, silence: number): string {
  return `${kind} ${name} has been silent for ${silence.toFixed(2)} s, its limit is ${passed} s`;
}
