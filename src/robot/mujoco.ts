import loadMujoco, { type MainModule, type MjModel, type MjVFS } from '@mujoco/mujoco';
import type { Robot } from './robot.js';

/** MuJoCo's object types, as in mjtObj. */
export const ObjectType = {
  body: 1,
  joint: 3,
  geom: 5,
  site: 6,
  camera: 7,
  equality: 17,
  tendon: 18,
  actuator: 19,
  sensor: 20,
} as const;

/** MuJoCo's shapes, as in mjtGeom. */
export const GeomType = { plane: 0, sphere: 2, capsule: 3, ellipsoid: 4, cylinder: 5, box: 6 } as const;

let engine: Promise<MainModule> | undefined;

/** The physics engine, loaded once a process (WebAssembly, 50 ms). */
export function mujoco(): Promise<MainModule> {
  engine ??= loadMujoco();
  return engine;
}

/** Time constant (s) and damping ratio of the joints' end stops. */
const limitStiffness = [0.004, 1];

/** Contact bits: the robot touches the world, the world touches itself and the robot, the robot not itself. */
const robotContact = { type: 1, affinity: 2 };
/** Contact bits of what surrounds the robot. */
export const worldContact = { type: 2, affinity: 3 };

/**
 * Compiles an MJCF text that attaches the robot with `<model name="robot" file="robot.urdf"/>`. The URDF's
 * `*_capsule` cylinders become capsules; colours, rotor inertias and contact bits are set from `robot`.
 * @throws Error with MuJoCo's message, or where the joint order of MuJoCo differs from the URDF's
 */
export async function compileModel(robot: Robot, mjcf: string): Promise<MjModel> {
  const mj = await mujoco();
  const urdf = robot.urdf.text.replace(/(<collision name="\w+_capsule">.*?)<cylinder/g, '$1<capsule');
  const files: MjVFS = new mj.MjVFS();
  let model: MjModel;
  try {
    files.addBuffer('robot.urdf', new TextEncoder().encode(urdf));
    model = mj.MjModel.from_xml_string(mjcf, files) as MjModel;
  } catch (error) {
    throw new Error(`MuJoCo cannot compile the model: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    files.delete();
  }

  const first = mj.mj_name2id(model, ObjectType.joint, robot.names[0]!);
  robot.names.forEach((name, i) => {
    const joint = mj.mj_name2id(model, ObjectType.joint, name);
    if (joint !== first + i) throw new Error(`joint ${name} is number ${joint - first} in MuJoCo and ${i} in the URDF`);
    model.dof_armature[model.jnt_dofadr[joint]!] = robot.armature[i]!;
    model.jnt_solref.set(limitStiffness, 2 * joint);
  });
  for (let geom = 0; geom < model.ngeom; geom++) {
    const color = robot.urdf.colors.get(mj.mj_id2name(model, ObjectType.geom, geom));
    if (color === undefined) continue;
    model.geom_rgba.set(color, 4 * geom);
    model.geom_contype[geom] = robotContact.type;
    model.geom_conaffinity[geom] = robotContact.affinity;
    const body = model.geom_bodyid[geom]!;
    model.body_contype[body] = robotContact.type;
    model.body_conaffinity[body] = robotContact.affinity;
  }
  const data = new mj.MjData(model);
  mj.mj_setConst(model, data);
  data.delete();
  return model;
}
