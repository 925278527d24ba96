import { expect } from 'chai';
import { BodyModel, GRAVITY } from '../../src/balance/body-model.js';
import { createBodyTask } from '../../src/balance/body-task.js';
import { BASE_DOF, LEG_JOINTS } from '../../src/balance/foot-state.js';
import { QpStatus } from '../../src/balance/quadratic-program.js';
import { STABILIZER_DEFAULTS } from '../../src/balance/stabilizer-options.js';
import { WholeBodyQp } from '../../src/balance/whole-body-qp.js';
import { createBaseEstimate } from '../../src/estimation/base-estimate.js';
import { Random } from '../../src/math/random.js';
import { Robot } from '../../src/robot/robot.js';

describe('WholeBodyQp', () => {
  const robot = Robot.load('config/robot.yaml');
  const base = createBaseEstimate();
  const posture = robot.posture('stand');
  let model: BodyModel;
  let limits: Float64Array;
  before(async () => {
    model = await BodyModel.create(robot);
    limits = Float64Array.from(model.joints, (i) => robot.effortLimit[i]);
    base.position[2] = 0.92;
  });
  after(() => model.delete());

  const program = () => new WholeBodyQp(model, limits, STABILIZER_DEFAULTS.weights, STABILIZER_DEFAULTS.friction);

  it('carries the weight at rest, as statics have it', () => {
    model.update(posture, new Float64Array(posture.length), base);
    const qp = program();
    expect(qp.solve(createBodyTask(model.dof), 50)).to.equal(QpStatus.solved);
    expect(qp.iterations).to.equal(0);
    expect(qp.wrench[2] + qp.wrench[8]).to.be.closeTo(model.mass * GRAVITY, 0.5);
    for (const acceleration of qp.acceleration) expect(Math.abs(acceleration)).to.be.below(0.05);
  });

  it('keeps dynamics, contacts, cones and torque limits whatever it is asked for', () => {
    const random = new Random(7);
    const qp = program();
    const task = createBodyTask(model.dof);
    const velocity = new Float64Array(posture.length);
    let bound = 0;
    for (let trial = 0; trial < 100; trial++) {
      const position = posture.map((q) => q + random.normal(0, 0.03));
      for (const i of model.joints) velocity[i] = random.normal(0, 0.3);
      for (let k = 0; k < 3; k++) {
        base.velocity[k] = random.normal(0, 0.2);
        base.angularVelocity[k] = random.normal(0, 0.3);
        task.comAcceleration[k] = random.normal(0, 3);
        task.pelvisAcceleration[k] = random.normal(0, 10);
        task.torsoAcceleration[k] = random.normal(0, 10);
        task.waistAcceleration[k] = random.normal(0, 10);
      }
      for (const sole of task.soleAcceleration) for (let k = 0; k < 6; k++) sole[k] = random.normal(0, 0.5);
      for (let j = model.waistDof + 3; j < model.dof; j++) task.armAcceleration[j] = random.normal(0, 2);
      model.update(position, velocity, base);
      expect(qp.solve(task, 200), `trial ${trial}`).to.equal(QpStatus.solved);
      if (qp.iterations > 0) bound++;
      // Nothing but the soles' wrenches acts on the base.
      const outside = new Float64Array(BASE_DOF);
      model.feet.forEach(({ position: p, rotation: r }, f) => {
        const force = [0, 1, 2].map((i) => [0, 1, 2].reduce((sum, k) => sum + r[3 * i + k] * qp.wrench[6 * f + k], 0));
        const moment = [0, 1, 2].map((i) =>
          [0, 1, 2].reduce((sum, k) => sum + r[3 * i + k] * qp.wrench[6 * f + 3 + k], 0),
        );
        const arm = [0, 1, 2].map((k) => p[k] - model.position[k]);
        for (let k = 0; k < 3; k++) {
          const [i, j] = [(k + 1) % 3, (k + 2) % 3];
          outside[k] += force[k];
          outside[3 + k] += moment[k] + arm[i] * force[j] - arm[j] * force[i];
        }
      });
      for (let i = 0; i < BASE_DOF; i++) expect(qp.torque[i]).to.be.closeTo(outside[i], 1e-6);
      for (let j = 0; j < 2 * LEG_JOINTS + 3; j++) {
        expect(Math.abs(qp.torque[BASE_DOF + j])).to.be.at.most(0.971 * limits[j]);
      }
      model.feet.forEach((foot, f) => {
        const wrench = qp.wrench.subarray(6 * f, 6 * f + 6);
        expect(wrench[2]).to.be.at.least(-1e-6);
        expect(Math.abs(wrench[0])).to.be.at.most(0.6 * wrench[2] + 1e-6);
        expect(Math.abs(wrench[3])).to.be.at.most(model.soleSize[1] * wrench[2] + 1e-6);
        expect(Math.abs(wrench[4])).to.be.at.most(model.soleSize[0] * wrench[2] + 1e-6);
        // The sole's acceleration is the one asked for: J_base ẍ + J_leg q̈ + J̇q̇.
        const a = qp.acceleration;
        const r = [0, 1, 2].map((k) => foot.position[k] - model.position[k]);
        const carried = [
          a[0] + a[4] * r[2] - a[5] * r[1],
          a[1] + a[5] * r[0] - a[3] * r[2],
          a[2] + a[3] * r[1] - a[4] * r[0],
          a[3],
          a[4],
          a[5],
        ];
        for (let i = 0; i < 6; i++) {
          let sum = carried[i] + foot.biasAcceleration[i];
          for (let j = 0; j < LEG_JOINTS; j++) sum += foot.jacobian[6 * i + j] * a[model.legDof(f) + j];
          expect(sum).to.be.closeTo(task.soleAcceleration[f][i], 1e-8);
        }
      });
    }
    expect(bound).to.be.above(50);
  });
});
