import { expect } from 'chai';
import { BodyModel } from '../../src/balance/body-model.js';
import { BASE_DOF } from '../../src/balance/foot-state.js';
import { createBaseEstimate } from '../../src/estimation/base-estimate.js';
import { Random } from '../../src/math/random.js';
import { rotate, turnQuaternion } from '../../src/math/rotation.js';
import { compileModel, mujoco } from '../../src/robot/mujoco.js';
import { Robot } from '../../src/robot/robot.js';

describe('BodyModel', () => {
  const robot = Robot.load('config/robot.yaml');
  const joints = robot.names.length;
  const random = new Random(3);
  const base = createBaseEstimate();
  const position = new Float64Array(joints);
  const velocity = new Float64Array(joints);
  let model: BodyModel;

  before(async () => {
    model = await BodyModel.create(robot);
    for (let k = 0; k < 3; k++) {
      base.position[k] = random.normal(0, 1);
      base.velocity[k] = random.normal(0, 1);
      base.angularVelocity[k] = random.normal(0, 1);
    }
    turnQuaternion(base.orientation, 0.3, -0.2, 0.5, false);
    for (const i of model.joints) {
      position[i] = random.uniform(robot.lower[i], robot.upper[i]);
      velocity[i] = random.normal(0, 1);
    }
  });
  after(() => model.delete());

  it('has legs, waist, head and arms, and all of the mass', () => {
    expect(model.joints).to.have.length(31);
    expect(model.dof).to.equal(37);
    expect(model.mass).to.be.closeTo(77.238, 1e-3);
    expect(robot.names[model.joints[model.waistDof - BASE_DOF]]).to.equal('waist_yaw_joint');
    expect(robot.names[model.joints[model.legDof(1) - BASE_DOF]]).to.equal('right_hip_pitch_joint');
    const ankles = Array.from(model.joints, (i, j) => (model.isAnkle(j) ? robot.names[i] : '')).filter(Boolean);
    expect(ankles).to.have.length(4);
    for (const name of ankles) expect(name).to.match(/ankle/);
  });

  it('gives the forces of MuJoCo’s inverse dynamics of the whole robot with stiff, stretched fingers', async () => {
    const mj = await mujoco();
    const full = await compileModel(
      robot,
      `<mujoco><option><flag contact="disable" limit="disable"/></option>
        <asset><model name="robot" file="robot.urdf"/></asset>
        <worldbody><body name="base"><freejoint/><attach model="robot" body="base_link" prefix=""/></body></worldbody>
      </mujoco>`,
    );
    const data = new mj.MjData(full);
    const q = base.orientation;
    data.qpos.set([...base.position, q[3], q[0], q[1], q[2], ...position]);
    data.qvel.set([...base.velocity, ...base.angularVelocity, ...velocity]);
    const acceleration = Float64Array.from({ length: model.dof }, () => random.normal(0, 3));
    model.update(position, velocity, base);
    // MuJoCo's angular acceleration of the base is in the base's axes: Rᵀα.
    const local = new Float64Array(3);
    for (let k = 0; k < 3; k++) {
      for (let i = 0; i < 3; i++) local[k] += model.rotation[3 * i + k] * acceleration[3 + i];
    }
    data.qacc.fill(0);
    data.qacc.set([...acceleration.subarray(0, 3), ...local]);
    model.joints.forEach((i, j) => {
      data.qacc[BASE_DOF + i] = acceleration[BASE_DOF + j];
    });
    mj.mj_inverse(full, data);
    const expected = new Float64Array(model.dof);
    expected.set(data.qfrc_inverse.subarray(0, 3));
    const moment = Float64Array.from(data.qfrc_inverse.subarray(3, 6));
    rotate(model.rotation, moment, moment);
    expected.set(moment, 3);
    model.joints.forEach((i, j) => {
      expected[BASE_DOF + j] = data.qfrc_inverse[BASE_DOF + i];
    });
    for (let i = 0; i < model.dof; i++) {
      let force = model.bias[i];
      for (let k = 0; k < model.dof; k++) force += model.inertia[i * model.dof + k] * acceleration[k];
      expect(force, `degree of freedom ${i}`).to.be.closeTo(expected[i], 1e-8);
    }
    data.delete();
    full.delete();
  });

  it('keeps the last position and velocity of a joint whose next ones are not finite', () => {
    const results = () => [model.com, model.comVelocity, model.bias, model.feet[0].position].map((v) => v.slice());
    model.update(position, velocity, base);
    const before = results();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const bad = new Float64Array(joints).fill(value);
      model.update(bad, bad, base);
      expect(results(), String(value)).to.deep.equal(before);
    }
    const [left, right] = [robot.index('left_knee_joint'), robot.index('right_knee_joint')];
    const moved = position.with(right, position[right] - 0.1);
    model.update(moved, velocity, base);
    const after = results();
    expect(after).to.not.deep.equal(before);
    model.update(position, velocity, base);
    model.update(moved.with(left, Number.NaN), velocity.with(left, Number.NaN), base);
    expect(results()).to.deep.equal(after);
  });

  it('gives the motion of soles and centre of mass that finite differences show', () => {
    const step = 1e-5;
    const at = (time: number) => {
      const moved = createBaseEstimate();
      moved.orientation.set(base.orientation);
      const turn = Float64Array.from(base.angularVelocity, (w) => w * time);
      turnQuaternion(moved.orientation, turn[0], turn[1], turn[2], true);
      for (let k = 0; k < 3; k++) moved.position[k] = base.position[k] + base.velocity[k] * time;
      moved.velocity.set(base.velocity);
      moved.angularVelocity.set(base.angularVelocity);
      const positions = Float64Array.from(position, (q, i) => q + velocity[i] * time);
      model.update(positions, velocity, moved);
      return {
        com: model.com.slice(),
        comVelocity: model.comVelocity.slice(),
        soles: model.feet.map((foot) => ({ position: foot.position.slice(), velocity: foot.velocity.slice() })),
      };
    };
    const [before, after] = [at(-step), at(step)];
    model.update(position, velocity, base);
    const rate = (a: Float64Array, b: Float64Array, k: number) => (b[k] - a[k]) / (2 * step);
    for (let k = 0; k < 3; k++) expect(model.comVelocity[k]).to.be.closeTo(rate(before.com, after.com, k), 1e-6);
    model.feet.forEach((foot, f) => {
      const [first, second] = [before.soles[f], after.soles[f]];
      for (let k = 0; k < 3; k++) {
        expect(foot.velocity[k]).to.be.closeTo(rate(first.position, second.position, k), 1e-6);
      }
      // With constant joint velocities and a base that does not accelerate, all acceleration is J̇q̇.
      for (let k = 0; k < 6; k++) {
        expect(foot.biasAcceleration[k]).to.be.closeTo(rate(first.velocity, second.velocity, k), 1e-5);
      }
    });
  });
});
