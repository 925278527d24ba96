import { worldContact } from '../robot/mujoco.js';
import type { Robot } from '../robot/robot.js';
import { hoistElements } from './hoist.js';
import { bodiesThatMove, bodyMotion, type Scene, type SceneJoint, type ScenePart } from './scene-bodies.js';
import type { Support } from './support.js';

/**
 * The harness: a rope from a hook at this height to a point above the pelvis, m, so long that it is slack until the pelvis
 * is lower than in a crouch (0.75 m), and yielding within this time constant, s.
 */
const HARNESS = { hook: 2.6, above: 0.5, rope: 1.42, give: 0.05 };

const contact = `contype="${worldContact.type}" conaffinity="${worldContact.affinity}"`;
/** Mass of a body that says nothing, kg. */
const DEFAULT_MASS = 0.1;
/** Mass of one that follows its path whatever touches it, kg: within a step contacts are solved as for any other. */
const KINEMATIC_MASS = 1000;

/** Quaternion w, x, y, z of roll, pitch and yaw: R = Rz(yaw)·Ry(pitch)·Rx(roll). */
function quaternionOf([roll, pitch, yaw]: readonly [number, number, number]): number[] {
  const [cr, sr, cp, sp] = [Math.cos(roll / 2), Math.sin(roll / 2), Math.cos(pitch / 2), Math.sin(pitch / 2)];
  const [cy, sy] = [Math.cos(yaw / 2), Math.sin(yaw / 2)];
  return [
    cr * cp * cy + sr * sp * sy,
    sr * cp * cy - cr * sp * sy,
    cr * sp * cy + sr * cp * sy,
    cr * cp * sy - sr * sp * cy,
  ];
}

/** The `quat` attribute of a rotation; none where there is no rotation. */
function turned(rotation: readonly [number, number, number]): string {
  return rotation.every((angle) => angle === 0) ? '' : ` quat="${quaternionOf(rotation).join(' ')}"`;
}

/** MJCF's unit of angles, of rad. */
function degrees(angle: number): number {
  return (angle * 180) / Math.PI;
}

function partGeom(name: string, part: ScenePart, mass: number | undefined, friction: number | undefined): string {
  const [x, y, z] = part.size;
  const round = `${x} ${z / 2}`;
  const size = { box: `${x / 2} ${y / 2} ${z / 2}`, cylinder: round, capsule: round, sphere: `${x}` }[part.shape];
  const solid = part.solid ? contact : 'contype="0" conaffinity="0"';
  const inertia = mass === undefined || !part.solid ? 'mass="0"' : `mass="${mass}"`;
  const material = part.finish === 'wood' ? 'material="wood"' : '';
  // A friction of its own holds whatever the body touches: MuJoCo takes that of the geom of higher priority.
  const slide = friction === undefined ? '' : `friction="${friction} 0.005 0.0001" priority="1"`;
  return `<geom name="${name}" type="${part.shape}" size="${size}" pos="${part.position.join(' ')}"${turned(part.rotation)} rgba="${part.color.join(' ')} 1" ${material} ${slide} ${solid} ${inertia}/>`;
}

function jointElement(name: string, { type, axis, position, range, damping, friction }: SceneJoint): string {
  const limits = type === 'hinge' ? range.map(degrees) : range;
  return `<joint name="${name}" type="${type}" axis="${axis.join(' ')}" pos="${position.join(' ')}" limited="true" range="${limits.join(' ')}" damping="${damping}" frictionloss="${friction}"/>`;
}

/** A body with what it carries. */
function bodyElement(scene: Scene, name: string): string {
  const body = scene.bodies[name]!;
  const solids = body.parts.filter((part) => part.solid).length;
  const mass = body.fixed ? undefined : (body.mass ?? (body.kinematic ? KINEMATIC_MASS : DEFAULT_MASS)) / solids;
  const geoms = body.parts.map((part, i) => partGeom(`${name}_${i}`, part, mass, body.friction)).join('\n');
  const joint = {
    fixed: '',
    // Its joint and place are set before every step: see Simulation.
    kinematic: `<freejoint name="${name}"/>`,
    free: `<freejoint name="${name}"/>`,
    joint: body.joint === undefined ? '' : jointElement(name, body.joint),
  }[bodyMotion(body)];
  const weightless = body.kinematic ? ' gravcomp="1"' : '';
  return `<body name="${name}" pos="${body.position.join(' ')}"${turned(body.rotation)}${weightless}>${joint}${geoms}${carried(scene, name)}</body>`;
}

function carried(scene: Scene, carrier: string): string {
  const names = Object.keys(scene.bodies).filter((name) => scene.bodies[name]!.parent === carrier);
  return names.map((name) => bodyElement(scene, name)).join('\n');
}

/** Bodies in the world: free ones last, so that theirs are the last coordinates. */
function worldBodies(scene: Scene): string {
  const names = Object.keys(scene.bodies).filter((name) => scene.bodies[name]!.parent === undefined);
  const free = (name: string) => bodyMotion(scene.bodies[name]!) === 'free';
  return [...names.filter((name) => !free(name)), ...names.filter(free)]
    .map((name) => bodyElement(scene, name))
    .join('\n');
}

/** A body on a joint does not touch what carries it: gaps between them need not be exact. */
function excludedContacts(scene: Scene): string {
  const pairs = bodiesThatMove(scene, 'joint').map((name) => {
    const { parent } = scene.bodies[name]!;
    return `<exclude body1="${parent}" body2="${name}"/>`;
  });
  return pairs.length === 0 ? '' : `<contact>${pairs.join('')}</contact>`;
}

/**
 * Where harness and hoist hang, where they hold the robot, the harness' rope and the hoist's straps, and the sensors of the
 * forces on them.
 */
function harnessElements(): readonly [string, string, string, string] {
  const { hook, above, rope, give } = HARNESS;
  const { hooks, corners, straps, loads } = hoistElements();
  return [
    `<site name="hook" pos="0 0 ${hook}"/>${hooks}`,
    `<site name="strap" pos="0 0 ${above}"/>${corners}`,
    `<tendon><spatial name="harness" limited="true" range="0 ${rope}" solreflimit="${give} 1"><site site="hook"/><site site="strap"/></spatial>${straps}</tendon>`,
    `<tendonlimitfrc name="harness" tendon="harness"/>${loads}`,
  ];
}

/**
 * The MJCF of the robot in a scene: 1 ms steps, elliptic friction cones (pyramidal ones lose the grasp), one drive a
 * joint with the law of {@link JointCommand} (its gains are set at run time) that saturates at the effort limit, the
 * sensors of {@link RobotState}.
 */
export function sceneMjcf(robot: Robot, scene: Scene, support: Support): string {
  const drives = robot.names
    .map((name, i) => {
      const limit = robot.effortLimit[i];
      return `<general name="${name}" joint="${name}" biastype="affine" forcelimited="true" forcerange="-${limit} ${limit}"/>`;
    })
    .join('\n');
  const slack = support === 'gantry' ? '' : ' active="false"';
  const weld = `<equality><weld name="gantry" body1="floating_base" solref="0.005 1" solimp="0.99 0.999 0.001"${slack}/></equality>`;
  const [hook, strap, rope, load] = support === 'harness' ? harnessElements() : ['', '', '', ''];
  return `<mujoco model="${robot.urdf.name}">
  <option timestep="0.001" integrator="implicitfast" solver="Newton" cone="elliptic"><flag multiccd="disable"/></option>
  <default><geom condim="4" friction="0.9 0.005 0.0001"/></default>
  <asset><model name="robot" file="robot.urdf"/><material name="wood" specular="0.35"/></asset>
  <worldbody>
    ${hook}
    <geom name="floor" type="plane" size="10 10 0.1" rgba="0.55 0.57 0.60 1" ${contact}/>
    <body name="floating_base" pos="0 0 ${scene.robot.pelvis_height}">
      <freejoint name="floating_base"/>
      <site name="imu"/>
      ${strap}
      <attach model="robot" body="${robot.baseFrame}" prefix=""/>
    </body>
    ${worldBodies(scene)}
  </worldbody>
  ${weld}
  ${rope}
  ${excludedContacts(scene)}
  <actuator>${drives}</actuator>
  <sensor>
    <framequat name="orientation" objtype="site" objname="imu"/>
    <gyro name="angular_velocity" site="imu"/>
    <accelerometer name="linear_acceleration" site="imu"/>
    <contact name="left_foot" geom1="left_foot_box" reduce="netforce" num="1" data="force torque pos"/>
    <contact name="right_foot" geom1="right_foot_box" reduce="netforce" num="1" data="force torque pos"/>
    ${load}
  </sensor>
</mujoco>`;
}
