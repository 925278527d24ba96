import { quat, vec3 } from 'gl-matrix';
import type { Arm } from '../../action/action-chunk.js';
import { encodeActions } from '../../action/action-space.js';
import type { Kinematics } from '../../robot/kinematics.js';
import type { Robot } from '../../robot/robot.js';
import type { PolicyPrediction, PolicySenses } from '../policy-backend.js';
import type { ActionPart, Embodiment } from './embodiment.js';
import { type NumericArray, toFloat64 } from './numeric-array.js';
import { ROTATION_SIZES, readRotation } from './rotation-form.js';

/** A table of actions: rows are waypoints. */
interface Table {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** One hand's motion as it is put together. */
interface Motion {
  readonly poses: Float64Array;
  readonly gripper: Float64Array;
}

/** Numbers that a part of the actions has at each waypoint. */
export function actionWidth(part: ActionPart): number {
  if ('joints' in part) return part.joints.length;
  return 'gripper' in part ? 1 : 3 + ROTATION_SIZES[part.rotation];
}

/** Reads a policy server's actions as motions of this robot's hands. */
export class EmbodimentOutput {
  /** The arms that the policy moves. */
  readonly arms: readonly Arm[];
  readonly #embodiment: Embodiment;
  readonly #robot: Robot;
  readonly #kinematics: Kinematics;

  /** @throws Error naming a joint that the robot lacks, or that is in no arm, or columns that are too many or too few */
  constructor(embodiment: Embodiment, robot: Robot, kinematics: Kinematics) {
    this.#embodiment = embodiment;
    this.#robot = robot;
    this.#kinematics = kinematics;
    for (const part of embodiment.actions) {
      const { from, columns: [start, end] = [0, actionWidth(part)] } = part;
      if (end - start !== actionWidth(part)) {
        throw new Error(
          `policy ${embodiment.policy}: columns [${start}, ${end}] of '${from}' are ${end - start} numbers; ` +
            `what they are mapped to has ${actionWidth(part)}`,
        );
      }
      if (!('joints' in part)) continue;
      const allowed = 'fingers' in part ? [`${part.fingers}_hand`] : ['left_arm', 'right_arm'];
      const group = allowed.flatMap((name) => [...robot.group(name)]);
      const stray = part.joints.find((name) => !group.includes(robot.index(name)));
      if (stray !== undefined) {
        throw new Error(
          `policy ${embodiment.policy}: ${stray} is in none of ${allowed.join(', ')}; policies move hands and arms`,
        );
      }
    }
    this.arms = (['left', 'right'] as const).filter((arm) =>
      embodiment.actions.some(
        (part) =>
          ('pose' in part && part.pose === arm) ||
          ('joints' in part && !('fingers' in part) && part.joints.some((name) => this.#isIn(arm, name))),
      ),
    );
    if (this.arms.length === 0) {
      throw new Error(`policy ${embodiment.policy}: its actions move no arm; map a pose, or an arm's joints`);
    }
  }

  /**
   * @param arrays of the reply, rows are waypoints
   * @returns one prediction for each arm
   * @throws Error naming an array that is missing, too narrow, or not finite
   */
  predictions(
    arrays: ReadonlyMap<string, NumericArray>,
    senses: PolicySenses,
    milliseconds: number,
  ): readonly PolicyPrediction[] {
    const tables = this.#tables(arrays);
    const horizon = Math.min(this.#embodiment.horizon, ...[...tables.values()].map(({ rows }) => rows));
    const motions = this.#move(tables, senses, horizon);
    return this.arms.map((arm) => {
      const { poses, gripper } = motions[arm];
      const anchor = senses.hands[arm].commandedPose;
      const { policy, step: dt } = this.#embodiment;
      return {
        policy,
        arm,
        stamp: senses.stamp,
        actions: encodeActions({ stamp: senses.stamp, dt, arm, anchor, poses, gripper }),
        candidates: 1,
        horizon,
        best: 0,
        // These protocols carry no measure of confidence.
        confidence: 1,
        feasibility: Float64Array.of(1),
        rejections: [''],
        objects: [],
        unknownWords: [],
        timings: { tokenize: 0, encode: 0, decode: milliseconds },
      };
    });
  }

  #isIn(arm: Arm, joint: string): boolean {
    return this.#robot.group(`${arm}_arm`).includes(this.#robot.index(joint));
  }

  #tables(arrays: ReadonlyMap<string, NumericArray>): Map<string, Table> {
    const { policy, actions } = this.#embodiment;
    const tables = new Map<string, Table>();
    for (const part of actions) {
      const { from, columns } = part;
      const end = columns?.[1] ?? actionWidth(part);
      const array = arrays.get(from);
      if (array === undefined) {
        throw new Error(
          `policy ${policy}: the reply has no '${from}'; it has ${[...arrays.keys()].join(', ') || 'no arrays'}`,
        );
      }
      const shape = array.shape.filter((dimension, i) => dimension !== 1 || i >= array.shape.length - 2);
      const [rows = 1, width = 1] = shape;
      if (shape.length > 2 || rows < 1 || (columns === undefined ? width !== end : width < end)) {
        const wanted = columns === undefined ? end : `at least ${end}`;
        throw new Error(
          `policy ${policy}: '${from}' has the shape [${array.shape.join(', ')}]; expected waypoints × ${wanted}`,
        );
      }
      const values = toFloat64(array);
      const bad = values.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) {
        throw new Error(
          `policy ${policy}: '${from}' is ${values[bad]} at waypoint ${Math.floor(bad / width)}, column ${bad % width}`,
        );
      }
      tables.set(from, { rows, columns: width, values });
    }
    return tables;
  }

  #move(tables: ReadonlyMap<string, Table>, senses: PolicySenses, horizon: number): Record<Arm, Motion> {
    const motion = (): Motion => ({ poses: new Float64Array(7 * horizon), gripper: new Float64Array(horizon) });
    const motions = { left: motion(), right: motion() };
    const positions = senses.positions.slice();
    for (let k = 0; k < horizon; k++) {
      for (const arm of this.arms) motions[arm].gripper[k] = senses.hands[arm].commandedGripper;
      for (const part of this.#embodiment.actions) {
        if ('joints' in part) this.#setJoints(part, tables, k, senses, positions);
      }
      this.#kinematics.setPositions(positions);
      for (const arm of this.arms) {
        this.#kinematics.pose(this.#kinematics.frame(this.#robot.gripperFrames[arm]), motions[arm].poses, 7 * k);
      }
      for (const part of this.#embodiment.actions) {
        if ('pose' in part) setPose(part, row(part, tables, k), senses, motions[part.pose].poses, 7 * k);
        if ('fingers' in part) motions[part.fingers].gripper[k] = this.#robot.gripperScalar(part.fingers, positions);
        if ('gripper' in part) {
          const value = (row(part, tables, k)[0]! - part.open) / (part.closed - part.open);
          motions[part.gripper].gripper[k] = Math.min(1, Math.max(0, value));
        }
      }
    }
    return motions;
  }

  #setJoints(
    part: Extract<ActionPart, { joints: string[] }>,
    tables: ReadonlyMap<string, Table>,
    k: number,
    senses: PolicySenses,
    positions: Float64Array,
  ): void {
    const values = row(part, tables, k);
    const mode = 'mode' in part ? part.mode : 'absolute';
    part.joints.forEach((name, i) => {
      const joint = this.#robot.index(name);
      const from = mode === 'absolute' ? 0 : mode === 'relative' ? senses.positions[joint]! : positions[joint]!;
      positions[joint] = this.#robot.clamp(joint, from + values[i]!);
    });
  }
}

/** The columns of a part at waypoint k. */
function row({ from, columns }: ActionPart, tables: ReadonlyMap<string, Table>, k: number): Float64Array {
  const table = tables.get(from)!;
  const [start, end] = columns ?? [0, table.columns];
  return table.values.subarray(k * table.columns + start, k * table.columns + end);
}

/** The gripper is at the server's frame times the inverse of the tool. */
function setPose(
  { pose, rotation, tool, mode }: Extract<ActionPart, { pose: Arm }>,
  values: Float64Array,
  { hands }: PolicySenses,
  out: Float64Array,
  at: number,
): void {
  const turn = readRotation(values, 3, rotation);
  const position = vec3.fromValues(values[0]!, values[1]!, values[2]!);
  const toolTurn = readRotation(tool.rpy, 0, 'rpy');
  if (mode === 'relative') {
    const m = hands[pose].measuredPose;
    const measured = quat.fromValues(m[3]!, m[4]!, m[5]!, m[6]!);
    const served = vec3.transformQuat(vec3.create(), tool.xyz, measured);
    for (let i = 0; i < 3; i++) position[i]! += m[i]! + served[i]!;
    quat.multiply(turn, turn, quat.multiply(quat.create(), measured, toolTurn));
  }
  quat.multiply(turn, turn, quat.invert(quat.create(), toolTurn));
  const offset = vec3.transformQuat(vec3.create(), tool.xyz, turn);
  for (let i = 0; i < 3; i++) out[at + i] = position[i]! - offset[i]!;
  for (let i = 0; i < 4; i++) out[at + 3 + i] = turn[i]!;
}
