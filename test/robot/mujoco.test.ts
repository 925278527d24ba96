import { expect } from 'chai';
import { compileModel, GeomType, mujoco, ObjectType, worldContact } from '../../src/robot/mujoco.js';
import { rejection, robot } from './robot-fixture.js';

const scene = (world: string) => `<mujoco>
  <asset><model name="robot" file="robot.urdf"/></asset>
  <worldbody>${world}<attach model="robot" body="base_link" prefix=""/></worldbody>
</mujoco>`;

describe('compileModel', () => {
  it('brings joints, masses, shapes and rotor inertias of the URDF into MuJoCo', async () => {
    const mj = await mujoco();
    const model = await compileModel(robot, scene('<geom name="floor" type="plane" size="1 1 1" contype="2"/>'));
    expect(model.nv).to.equal(75);
    const mass = (model.body_mass as Float64Array).reduce((sum, part) => sum + part, 0);
    expect(mass).to.be.closeTo(77.24, 0.005);
    robot.names.forEach((name, i) => {
      const joint = mj.mj_name2id(model, ObjectType.joint, name);
      expect(joint, name).to.equal(i);
      expect(model.dof_armature[i], name).to.equal(robot.armature[i]);
      expect([...model.jnt_range.slice(2 * i, 2 * i + 2)], name).to.deep.equal([
        robot.urdf.joints[i].lower,
        robot.urdf.joints[i].upper,
      ]);
      expect(model.jnt_actfrcrange[2 * i + 1], name).to.equal(robot.effortLimit[i]);
    });
    for (const shape of robot.urdf.shapes) {
      const geom = mj.mj_name2id(model, ObjectType.geom, shape);
      const types = shape.endsWith('_capsule') ? [GeomType.capsule, GeomType.sphere] : [GeomType.box];
      expect(model.geom_type[geom], shape).to.be.oneOf(types);
      // The robot touches the world and not itself.
      const [type1, affinity1] = [model.geom_contype[geom], model.geom_conaffinity[geom]];
      expect(type1 & affinity1, shape).to.equal(0);
      expect((type1 & worldContact.affinity) | (worldContact.type & affinity1), shape).to.not.equal(0);
    }
    model.delete();
  });

  it('passes on what MuJoCo finds wrong', async () => {
    expect(await rejection(compileModel(robot, '<mujoco><option colour="red"/></mujoco>'))).to.match(
      /^MuJoCo cannot compile the model: .*colour/s,
    );
  });
});
