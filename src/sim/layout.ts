import { Random } from '../math/random.js';
import type { Waypoint } from './body-path.js';
import type { SceneBody, Task, TaskInstruction } from './scene.js';
import { carriedBy } from './scene-bodies.js';

/** Where a body stands on the floor plan, m and rad. */
export interface Placement {
  x: number;
  y: number;
  yaw: number;
}

/** Which of an instruction's sentences may be drawn: those that are trained on, or those that are held out. */
export type Phrasings = 'trained' | 'held-out';

/** One randomised instance of a task. */
export interface Layout {
  readonly seed: number;
  /** By the name of the body, in the world. */
  readonly placements: ReadonlyMap<string, Placement>;
  /** Bodies of the scene that are not there. */
  readonly parked: ReadonlySet<string>;
  /** Positions at which joints start, as a share of their range, by the name of the body that moves. */
  readonly openings: ReadonlyMap<string, number>;
  /** Of kinematic bodies. */
  readonly paths: ReadonlyMap<string, readonly Waypoint[]>;
  readonly instruction: TaskInstruction;
  /** The sentence that the policy is given. */
  readonly text: string;
}

/** Half the extent on the floor plan of a part, m. */
function halfExtentOfPart({ shape, size }: SceneBody['parts'][number], axis: 0 | 1): number {
  return shape === 'box' ? size[axis] / 2 : size[0];
}

/** Half the extent of a body's parts along x and y, m; a body that may turn counts with its diagonal. */
function halfExtent(body: SceneBody, turns: boolean): readonly [number, number] {
  const along = (axis: 0 | 1) =>
    Math.max(...body.parts.map((part) => Math.abs(part.position[axis]) + halfExtentOfPart(part, axis)));
  const [x, y] = [along(0), along(1)];
  const diagonal = Math.hypot(x, y);
  return turns ? [diagonal, diagonal] : [x, y];
}

/**
 * The layout of a seed: the same on every machine.
 * @param text the instruction to carry out, whose target is put within reach; without it the seed chooses among the
 *   task's
 * @param phrasings among which the seed chooses
 * @throws Error where the regions leave no room or the task does not know the instruction
 */
export function createLayout(task: Task, seed: number, text?: string, phrasings: Phrasings = 'trained'): Layout {
  const random = new Random(seed);
  // Both are drawn in any case, so that the instruction does not move the other bodies.
  const drawn = random.pick(task.instructions);
  const sentences = phrasings === 'trained' ? drawn.texts : drawn.heldOut;
  if (sentences.length === 0) throw new Error(`task ${task.task}: no phrasing of its instructions is held out`);
  const drawnText = random.pick(sentences);
  const instruction =
    text === undefined
      ? drawn
      : task.instructions.find(({ texts, heldOut }) => texts.includes(text) || heldOut.includes(text));
  if (instruction === undefined) throw new Error(`task ${task.task}: unknown instruction '${text}'`);

  const parked = drawAbsent(task, instruction, random);
  const side = task.layout.mirrored && random.uniform() < 0.5 ? -1 : 1;
  const placements = place(task, instruction, parked, random);
  if (side < 0) for (const at of placements.values()) [at.y, at.yaw] = [-at.y, -at.yaw];
  const openings = new Map(
    Object.entries(instruction.start).map(([name, shares]) => [name, random.uniform(...shares)] as const),
  );
  const paths = new Map(
    Object.entries(task.layout.paths).map(([name, waypoints]) => {
      const path = waypoints.map(({ time, x, y, z, yaw }) => ({
        time: random.uniform(...time),
        x: random.uniform(...x),
        y: side * random.uniform(...y),
        z: random.uniform(...z),
        yaw: side * random.uniform(...yaw),
      }));
      return [name, path] as const;
    }),
  );
  return { seed, placements, parked, openings, paths, instruction, text: text ?? drawnText };
}

/** Draws which bodies are not there; what a body carries goes with it. */
function drawAbsent(task: Task, { target, receptacle }: TaskInstruction, random: Random): Set<string> {
  const { scene } = task;
  const wanted = (name: string) => [target, receptacle].some((body) => body === name || carriedBy(scene, body, name));
  const absent = new Set<string>();
  for (const { from, count } of task.layout.draw) {
    const others = random.shuffle(from.filter((name) => !wanted(name)));
    const number = count[0] + random.integer(count[1] - count[0] + 1) - (from.length - others.length);
    for (const name of others.slice(Math.max(number, 0))) absent.add(name);
  }
  for (const name of Object.keys(scene.bodies)) {
    if ([...absent].some((other) => carriedBy(scene, name, other))) absent.add(name);
  }
  return absent;
}

/** Draws places until every pair of bodies has the task's clearance along x or y. */
function place(
  task: Task,
  { target }: TaskInstruction,
  parked: ReadonlySet<string>,
  random: Random,
): Map<string, Placement> {
  const bodies = Object.entries(task.layout.regions)
    .filter(([name]) => !parked.has(name))
    .map(([name, regions]) => ({ name, regions: [regions].flat(), body: task.scene.bodies[name]! }));
  for (let attempt = 0; attempt < 10000; attempt++) {
    const placements = new Map<string, Placement>();
    const halves = new Map<string, readonly [number, number]>();
    const clear = bodies.every(({ name, regions, body }) => {
      const drawn = regions.length === 1 ? regions[0]! : random.pick(regions);
      const { x, y, yaw } = name === target ? { ...drawn, ...task.layout.target } : drawn;
      const placed = { x: random.uniform(...x), y: random.uniform(...y), yaw: random.uniform(...yaw) };
      const half = halfExtent(body, yaw[0] !== yaw[1]);
      for (const [other, at] of placements) {
        const [halfX, halfY] = halves.get(other)!;
        const gapX = Math.abs(placed.x - at.x) - half[0] - halfX;
        const gapY = Math.abs(placed.y - at.y) - half[1] - halfY;
        if (Math.max(gapX, gapY) < task.layout.clearance) return false;
      }
      placements.set(name, placed);
      halves.set(name, half);
      return true;
    });
    if (clear) return placements;
  }
  throw new Error(
    `task ${task.task}: layout: no room for all bodies at clearance ${task.layout.clearance} m; widen the regions`,
  );
}
