import type { PolicyBackend } from '../cosmos/policy-backend.js';

interface Entry {
  readonly backend: Promise<PolicyBackend>;
  users: number;
}

/** Somebody's hold on a loaded policy. */
export interface PolicyLease {
  readonly backend: PolicyBackend;
  /** Gives it back; the policy stays loaded until its room is needed. */
  release(): void;
}

/**
 * Keeps policies loaded, so that a second user, or a change back, costs nothing. Policies that nobody uses are put out,
 * the one unused for longest first, when there are more than `capacity`.
 */
export class PolicyCache {
  readonly #capacity: number;
  /** By key, the one used last at the end. */
  readonly #entries = new Map<string, Entry>();

  /** @param capacity policies to keep, those in use included; at least 1 */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Policies that are loaded or being loaded. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Holds the policy of that key; loads it where it is not yet, once however many ask.
   * @param create makes the backend; it is loaded here
   */
  async acquire(key: string, create: () => PolicyBackend | Promise<PolicyBackend>): Promise<PolicyLease> {
    const entry = this.#entries.get(key) ?? { backend: load(create), users: 0 };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    try {
      const backend = await entry.backend;
      await this.#evict();
      let held = true;
      return {
        backend,
        release: () => {
          if (held) entry.users--;
          held = false;
        },
      };
    } catch (error) {
      // What could not be loaded is tried anew next time.
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** Puts out everything, in use or not: the end. */
  async dispose(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { backend } of entries) await (await backend).dispose();
  }

  async #evict(): Promise<void> {
    for (const [key, { backend, users }] of this.#entries) {
      if (this.#entries.size <= this.#capacity) return;
      if (users > 0) continue;
      this.#entries.delete(key);
      await (await backend).dispose();
    }
  }
}

async function load(create: () => PolicyBackend | Promise<PolicyBackend>): Promise<PolicyBackend> {
  const backend = await create();
  await backend.load();
  return backend;
}
