import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Upper bounds of the latency histogram's buckets, s. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What the service tells Prometheus. */
export class ServiceMetrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'cosmos_requests_total',
    help: 'Inference requests by status code.',
    labelNames: ['status'],
    registers: [this.#registry],
  });
  readonly #duration = new Histogram({
    name: 'cosmos_request_duration_seconds',
    help: 'Time from a request to its answer, answered requests only.',
    buckets: BUCKETS,
    registers: [this.#registry],
  });
  readonly #batch = new Histogram({
    name: 'cosmos_batch_size',
    help: 'Requests that were answered together.',
    buckets: [1, 2, 4, 8, 16, 32],
    registers: [this.#registry],
  });

  /** @param waiting how many requests wait or are under way */
  constructor(waiting: () => number) {
    collectDefaultMetrics({ register: this.#registry });
    new Gauge({
      name: 'cosmos_requests_in_progress',
      help: 'Inference requests that wait or are under way.',
      registers: [this.#registry],
      collect() {
        this.set(waiting());
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** @param seconds from the request to its end */
  request(status: number, seconds: number): void {
    this.#requests.inc({ status });
    if (status === 200) this.#duration.observe(seconds);
  }

  batch(size: number): void {
    this.#batch.observe(size);
  }

  /** In the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
