import { worldContact } from '../robot/mujoco.js';
import type { Robot } from '../robot/robot.js';
import type { Scene, SceneBody, ScenePart } from './scene.js';

/** What carries the robot: a gantry that welds the pelvis to the world, or the ground below its soles. */
export type Support = 'gantry' | 'ground';

const contact = `contype="${worldContact.type}" conaffinity="${worldContact.affinity}"`;

function partGeom(name: string, part: ScenePart, mass: number | undefined): string {
  const [x, y, z] = part.size;
  const size = { box: `${x / 2} ${y / 2} ${z / 2}`, cylinder: `${x} ${z / 2}`, sphere: `${x}` }[part.shape];
  const solid = part.solid ? contact : 'contype="0" conaffinity="0"';
  const inertia = mass === undefined || !part.solid ? 'mass="0"' : `mass="${mass}"`;
  const material = part.finish === 'wood' ? 'material="wood"' : '';
  return `<geom name="${name}" type="${part.shape}" size="${size}" pos="${part.position.join(' ')}" rgba="${part.color.join(' ')} 1" ${material} ${solid} ${inertia}/>`;
}

function bodyElement(name: string, body: SceneBody): string {
  const solids = body.parts.filter((part) => part.solid).length;
  const mass = body.fixed ? undefined : (body.mass ?? 0.1) / solids;
  const geoms = body.parts.map((part, i) => partGeom(`${name}_${i}`, part, mass)).join('\n');
  const joint = body.fixed ? '' : `<freejoint name="${name}"/>`;
  return `<body name="${name}" pos="${body.position.join(' ')}">${joint}${geoms}</body>`;
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
  const slack = support === 'ground' ? ' active="false"' : '';
  const weld = `<equality><weld name="gantry" body1="floating_base" solref="0.005 1" solimp="0.99 0.999 0.001"${slack}/></equality>`;
  return `<mujoco model="${robot.urdf.name}">
  <option timestep="0.001" integrator="implicitfast" solver="Newton" cone="elliptic"><flag multiccd="disable"/></option>
  <default><geom condim="4" friction="0.9 0.005 0.0001"/></default>
  <asset><model name="robot" file="robot.urdf"/><material name="wood" specular="0.35"/></asset>
  <worldbody>
    <geom name="floor" type="plane" size="10 10 0.1" rgba="0.55 0.57 0.60 1" ${contact}/>
    <body name="floating_base" pos="0 0 ${scene.robot.pelvis_height}">
      <freejoint name="floating_base"/>
      <site name="imu"/>
      <attach model="robot" body="${robot.baseFrame}" prefix=""/>
    </body>
    ${Object.entries(scene.bodies)
      .map(([name, body]) => bodyElement(name, body))
      .join('\n')}
  </worldbody>
  ${weld}
  <actuator>${drives}</actuator>
  <sensor>
    <framequat name="orientation" objtype="site" objname="imu"/>
    <gyro name="angular_velocity" site="imu"/>
    <accelerometer name="linear_acceleration" site="imu"/>
    <contact name="left_foot" geom1="left_foot_box" reduce="netforce" num="1" data="force torque pos"/>
    <contact name="right_foot" geom1="right_foot_box" reduce="netforce" num="1" data="force torque pos"/>
  </sensor>
</mujoco>`;
}
