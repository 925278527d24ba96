import { byId, make, say } from './dom.js';
import type { DiagnosticArray, DiagnosticStatus } from './messages.js';

/** A component that says nothing for this time is stale, s; nodes speak every second. */
const STALE_AFTER = 5;

/** Levels of REP-107, in order of severity, in words for a sum. */
const LEVELS = ['well', 'with a warning', 'in error', 'silent'] as const;
const STALE = 3;

interface Component {
  readonly status: DiagnosticStatus;
  /** When it was last heard, ms as of performance.now(). */
  readonly heard: number;
}

/** What is shown of a node. */
interface Row {
  readonly box: HTMLElement;
  readonly title: HTMLElement;
  readonly list: HTMLElement;
}

/** What nodes say of themselves: how many are well, the worst of each one, and all that it says where it is opened. */
export class NodesPanel {
  /** By node, then by component: both are in the name, as REP-107 has it. */
  readonly #nodes = new Map<string, Map<string, Component>>();
  readonly #rows = new Map<string, Row>();

  constructor() {
    setInterval(() => this.#show(), 1000);
  }

  observe({ status: statuses }: DiagnosticArray): void {
    for (const status of statuses) {
      const [node, component] = split(status.name);
      const components = this.#nodes.get(node) ?? new Map<string, Component>();
      this.#nodes.set(node, components.set(component, { status, heard: performance.now() }));
    }
  }

  #show(): void {
    const counts = [0, 0, 0, 0];
    for (const [node, components] of [...this.#nodes].sort(([a], [b]) => a.localeCompare(b))) {
      const worst = [...components.values()].reduce((a, b) => (levelOf(b) > levelOf(a) ? b : a));
      const level = levelOf(worst);
      counts[level]!++;
      const { box, title, list } = this.#row(node);
      box.dataset.level = String(level);
      say(title, level === 0 ? node : `${node}: ${describe(worst)}`);
      if (box.hasAttribute('open')) list.replaceChildren(...[...components].map(([name, part]) => detail(name, part)));
    }
    const sum = LEVELS.flatMap((word, level) => (counts[level]! > 0 ? `${counts[level]} ${word}` : []));
    say(byId('nodes-sum'), sum.join(', '));
  }

  #row(node: string): Row {
    const known = this.#rows.get(node);
    if (known !== undefined) return known;
    const [title, list] = [make('summary'), make('dl')];
    const row = { title, list, box: make('details', '', title, list) };
    row.box.addEventListener('toggle', () => this.#show());
    this.#rows.set(node, row);
    const sorted = [...this.#rows].sort(([a], [b]) => a.localeCompare(b)).map(([, { box }]) => make('li', '', box));
    byId('nodes').replaceChildren(...sorted);
    return row;
  }
}

/** A component, what it says, and its figures. */
function detail(name: string, component: Component): HTMLElement {
  const figures = component.status.values.map(({ key, value }) => `${key} ${shorten(value)}`).join(', ');
  const entry = make('div', '', make('dt', '', name), make('dd', '', describe(component)), make('dd', '', figures));
  entry.dataset.level = String(levelOf(component));
  return entry;
}

/** Four digits of a number with a fraction. */
function shorten(value: string): string {
  return /^-?\d+\.\d+$/.test(value) ? String(Number(Number(value).toPrecision(4))) : value;
}

function describe(component: Component): string {
  if (levelOf(component) !== STALE) return component.status.message;
  return `silent for ${silence(component).toFixed(0)} s, last: ${component.status.message}`;
}

function levelOf(component: Component): number {
  return silence(component) > STALE_AFTER ? STALE : Math.min(component.status.level, STALE);
}

/** s */
function silence({ heard }: Component): number {
  return (performance.now() - heard) / 1000;
}

/** Node and component of a status' name, 'NODE: COMPONENT'; a node that has no components names itself. */
function split(name: string): [node: string, component: string] {
  const at = name.indexOf(': ');
  return at < 0 ? [name, name] : [name.slice(0, at), name.slice(at + 2)];
}
