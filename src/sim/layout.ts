import { Random } from '../math/random.js';
import type { SceneBody, Task, TaskInstruction } from './scene.js';

/** Where a body stands on the floor plan, m and rad. */
export interface Placement {
  x: number;
  y: number;
  yaw: number;
}

/** One randomised instance of a task. */
export interface Layout {
  readonly seed: number;
  /** By the name of the body, in the world. */
  readonly placements: ReadonlyMap<string, Placement>;
  readonly instruction: TaskInstruction;
  /** The sentence that the policy is given. */
  readonly text: string;
}

/** Half the extent of a body's parts along x and y, m; a body that may turn counts with its diagonal. */
function halfExtent(body: SceneBody, turns: boolean): readonly [number, number] {
  const along = (axis: 0 | 1) =>
    Math.max(
      ...body.parts.map((part) => {
        const half = part.shape === 'box' ? part.size[axis] / 2 : part.size[0];
        return Math.abs(part.position[axis]) + half;
      }),
    );
  const [x, y] = [along(0), along(1)];
  const diagonal = Math.hypot(x, y);
  return turns ? [diagonal, diagonal] : [x, y];
}

/**
 * The layout of a seed: the same on every machine.
 * @param text the instruction to carry out, whose target is put within reach; without it the seed chooses among the
 *   task's
 * @throws Error where the regions leave no room or the task does not know the instruction
 */
export function createLayout(task: Task, seed: number, text?: string): Layout {
  const random = new Random(seed);
  // Both are drawn in any case, so that the instruction does not move the other bodies.
  const drawn = random.pick(task.instructions);
  const drawnText = random.pick(drawn.texts);
  const instruction = text === undefined ? drawn : task.instructions.find(({ texts }) => texts.includes(text));
  if (instruction === undefined) throw new Error(`task ${task.task}: unknown instruction '${text}'`);

  const regions = Object.entries(task.layout.regions).map(([name, region]) => ({
    name,
    ...(name === instruction.target ? { ...region, ...task.layout.target } : region),
    half: halfExtent(task.scene.bodies[name]!, region.yaw[0] !== region.yaw[1]),
  }));
  for (let attempt = 0; attempt < 1000; attempt++) {
    const placements = new Map<string, Placement>();
    const clear = regions.every(({ name, x, y, yaw, half }, i) => {
      const placed = { x: random.uniform(...x), y: random.uniform(...y), yaw: random.uniform(...yaw) };
      for (const other of regions.slice(0, i)) {
        const at = placements.get(other.name)!;
        const gapX = Math.abs(placed.x - at.x) - half[0] - other.half[0];
        const gapY = Math.abs(placed.y - at.y) - half[1] - other.half[1];
        if (Math.max(gapX, gapY) < task.layout.clearance) return false;
      }
      placements.set(name, placed);
      return true;
    });
    if (clear) return { seed, placements, instruction, text: text ?? drawnText };
  }
  throw new Error(
    `task ${task.task}: layout: no room for all bodies at clearance ${task.layout.clearance} m; widen the regions`,
  );
}
