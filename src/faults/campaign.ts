import { join } from 'node:path';
import { Random } from '../math/random.js';
import type { Reaction } from '../safety/causes.js';
import { catalogue } from './catalogue.js';
import { type Fault, type PreparedFault, UndeclaredReaction } from './fault.js';
import { FaultedGraph, pause } from './faulted-graph.js';
import { ReactionWatch } from './reaction-watch.js';
import type { Truth } from './truth-watch.js';
import { type InjectedFault, judge } from './verdict.js';

export interface CampaignOptions {
  readonly runs: number;
  readonly seed: number;
  /** Faults whose name contains this; every fault when it is left out. */
  readonly only?: string;
  /** Where the nodes' output goes. */
  readonly directory: string;
  readonly launchFile: string;
  /** Parameters of the nodes, relative to the package. */
  readonly parameters: string;
}

/** What came of one run. */
export interface RunResult {
  readonly run: number;
  readonly faults: readonly { readonly name: string; readonly detail: string }[];
  /** Causes declared for them; empty: tolerated. */
  readonly declared: readonly string[];
  /** The most severe stop; 'none' where nothing stopped. */
  readonly reaction: Reaction | 'none';
  /** To the first command of the stop, s. */
  readonly time: number | undefined;
  /** Causes that the safety layers named. */
  readonly causes: readonly string[];
  /** What was not as declared; empty when all was. */
  readonly problems: readonly string[];
  readonly truth: Truth;
}

/** Share of the runs with two faults at once, and how far these are apart, s. */
const PAIRS = 0.3;
const APART = 0.5;
/** From the moment that the arm moves to the injection, s. */
const DELAY = [0.1, 1.5] as const;
/** What is watched after the last deadline, s. */
const AFTERMATH = 0.6;
/** Causes by which a joint loses its stiffness. */
const RELEASING: readonly string[] = ['state_implausible', 'state_not_finite'];
/** Attempts to set the robot to work. */
const ATTEMPTS = 4;

/**
 * Runs the campaign: sets the robot to work, injects one or two faults, watches the reaction, brings everything back
 * into order, and goes on. Every fault comes once before one comes twice. The choices depend on the seed alone; the
 * graph runs in real time. @param onRun called after each run @throws Error where the graph does not come up
 */
export async function runCampaign(
  options: CampaignOptions,
  tell: (line: string) => void,
  onRun: (result: RunResult) => void,
): Promise<void> {
  let graphs = 0;
  // Each graph has a folder of its own, so that the output of one that failed stays.
  const bringUp = (): Promise<FaultedGraph> => {
    return FaultedGraph.bringUp({ ...options, tell, directory: join(options.directory, String(graphs++)) });
  };
  let graph = await bringUp();
  try {
    const faults = select(graph, options.only);
    let deck: Fault[] = [];
    for (let run = 0; run < options.runs; run++) {
      // A run can be repeated alone: its choices depend on its number only.
      const random = new Random(options.seed * 1_000_003 + run);
      if (deck.length === 0) deck = shuffled(faults, new Random(options.seed + run));
      const chosen = [deck.pop()!];
      const second = random.pick(faults);
      if (options.only === undefined && random.uniform() < PAIRS && compatible(chosen[0]!, second)) chosen.push(second);
      const { result, inOrder } = await runOnce(graph, chosen, run, random);
      onRun(result);
      if (!inOrder) {
        tell('the graph is brought up anew');
        await graph.stop();
        graph = await bringUp();
      }
    }
  } finally {
    await graph.stop();
  }
}

/** @throws Error where there is no such fault */
export function select(graph: FaultedGraph, only?: string): readonly Fault[] {
  const all = Object.values(catalogue(graph.nodes, graph.config)).flat();
  const faults = only === undefined ? all : all.filter(({ name }) => name.includes(only));
  if (faults.length === 0)
    throw new Error(`no fault is named '${only}'; there are ${all.map(({ name }) => name).join(', ')}`);
  return faults;
}

/** Two faults of the same thing would hide each other. */
function compatible(a: Fault, b: Fault): boolean {
  const [last, other] = [a.name.split(' ').at(-1), b.name.split(' ').at(-1)];
  return a.name !== b.name && last !== other;
}

/** One run. @returns the result, and whether the graph is in order again */
export async function runOnce(
  graph: FaultedGraph,
  faults: readonly Fault[],
  run: number,
  random: Random,
): Promise<{ readonly result: RunResult; readonly inOrder: boolean }> {
  const prepared = faults.map((fault) => fault.prepare(random));
  const named = {
    run,
    faults: faults.map(({ name }, k) => ({ name, detail: prepared[k]!.detail })),
    declared: [...new Set(prepared.flatMap(({ declared }) => declared.causes))],
  };
  try {
    for (const fault of prepared) await fault.arm?.(graph);
    await setToWork(graph, prepared, random);
  } catch (error) {
    for (const fault of prepared) await fault.repair?.(graph);
    const problems = [`not injected, the robot could not be set to work: ${(error as Error).message}`];
    const result = { ...named, reaction: 'none' as const, time: undefined, causes: [], problems };
    return { result: { ...result, truth: graph.truth.result }, inOrder: false };
  }
  const problems: string[] = [];
  let inOrder = true;
  graph.truth.begin();
  const begin = graph.now();
  const watch = new ReactionWatch(begin);
  graph.watch = watch;
  const injected: InjectedFault[] = [];
  await Promise.all(
    prepared.map((fault, k) => inject(graph, fault, k === 0 ? 0 : random.uniform(0, APART), injected, problems)),
  );
  const end = windowEnd(graph, prepared, injected);
  await pause(Math.max(0, end - graph.now()));
  await graph.hearLoopOf(end);
  const { causes } = graph.config;
  const verdict = judge(injected, watch.observation, causes);
  problems.push(...verdict.problems);
  graph.watch = undefined;
  const { reaction } = watch.observation;
  const truth = graph.truth.result;
  // A joint that was let go hangs where its encoder is not believed any more.
  const released = watch.causes.some((cause) => RELEASING.includes(cause));
  const limp = released || (reaction !== undefined && reaction !== 'category_2') || truth.fallen || truth.caught;
  try {
    await graph.recover(limp);
  } catch (error) {
    problems.push((error as Error).message);
    inOrder = false;
  }
  if (prepared.some(({ silences }) => silences) || !inOrder) graph.calm();
  if (limp || prepared.some(({ disarranges }) => disarranges)) graph.disarrange();
  const result = {
    ...named,
    reaction: reaction ?? ('none' as const),
    time: verdict.reactionTime,
    causes: watch.causes,
    problems,
    truth,
  };
  return { result, inOrder };
}

async function setToWork(graph: FaultedGraph, prepared: readonly PreparedFault[], random: Random): Promise<void> {
  if (graph.idle) return graph.stopped ? graph.recover() : undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await graph.place(random);
    if (prepared.some(({ silences }) => silences)) await graph.settle();
    if (await graph.setOut()) {
      await pause(random.uniform(...DELAY));
      if (!graph.stopped) return;
    }
    graph.disarrange();
    await graph.recover();
  }
  throw new Error('the arm does not move, or stops by itself; see nodes.log');
}

async function inject(
  graph: FaultedGraph,
  fault: PreparedFault,
  offset: number,
  injected: InjectedFault[],
  problems: string[],
): Promise<void> {
  await pause(offset);
  const time = graph.now();
  try {
    await fault.inject(graph);
    injected.push({ declared: fault.declared, time });
    await pause(Math.max(0, time + fault.duration - graph.now()));
  } catch (error) {
    // Another fault may have taken away what this one needs: then it did not happen.
    if (error instanceof UndeclaredReaction) problems.push(error.message);
  } finally {
    await fault.repair?.(graph);
  }
}

/** Until when a run is watched, s. */
function windowEnd(
  graph: FaultedGraph,
  prepared: readonly PreparedFault[],
  injected: readonly InjectedFault[],
): number {
  const { causes } = graph.config;
  const ends = injected.map(({ declared, time }) => {
    const deadline = Math.max(0, ...declared.causes.map((cause) => causes[cause].deadline));
    return time + declared.visibleAfter + deadline;
  });
  const longest = Math.max(...prepared.map(({ duration }) => duration));
  const begin = Math.min(graph.now(), ...injected.map(({ time }) => time));
  return Math.max(begin + longest, ...ends) + AFTERMATH;
}

function shuffled(faults: readonly Fault[], random: Random): Fault[] {
  const deck = [...faults];
  random.shuffle(deck);
  return deck;
}
