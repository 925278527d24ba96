import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Upper bounds of the latency histogram's buckets, s. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What the service tells Prometheus. */
export class ServiceMetrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'cosmos_requests_total',
    help: 'Inference requests by tier and status code.',
    labelNames: ['tier', 'status'],
    registers: [this.#registry],
  });
  readonly #duration = new Histogram({
    name: 'cosmos_request_duration_seconds',
    help: 'Time from a request to its answer, answered requests only.',
    labelNames: ['tier'],
    buckets: BUCKETS,
    registers: [this.#registry],
  });
  readonly #batch = new Histogram({
    name: 'cosmos_batch_size',
    help: 'Requests that were answered together.',
    labelNames: ['tier'],
    buckets: [1, 2, 4, 8, 16, 32],
    registers: [this.#registry],
  });

  readonly #waiting = new Map<string, () => number>();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    const waiting = this.#waiting;
    new Gauge({
      name: 'cosmos_requests_in_progress',
      help: 'Inference requests that wait or are under way.',
      labelNames: ['tier'],
      registers: [this.#registry],
      collect() {
        for (const [tier, count] of waiting) this.set({ tier }, count());
      },
    });
  }

  /** @param waiting how many requests of a tier wait or are under way */
  watch(tier: string, waiting: () => number): void {
    this.#waiting.set(tier, waiting);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** @param seconds from the request to its end */
  request(tier: string, status: number, seconds: number): void {
    this.#requests.inc({ tier, status });
    if (status === 200) this.#duration.observe({ tier }, seconds);
  }

  batch(tier: string, size: number): void {
    this.#batch.observe({ tier }, size);
  }

  /** In the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
