import { expect } from 'chai';
import { createJointCommand, createRobotState, type JointCommand } from '../../src/control/hardware.js';
import { startControlLoop } from '../../src/control/loop.js';
import { createLoopSnapshot } from '../../src/control/loop-snapshot.js';
import { MujocoHardware } from '../../src/control/mujoco-hardware.js';
import { StopMode } from '../../src/control/stop-state.js';
import { Robot } from '../../src/robot/robot.js';
import { FaultPort } from '../../src/sim/injected-faults.js';
import { PlacementPort } from '../../src/sim/placement-port.js';
import { SUPPORTS } from '../../src/sim/support.js';

const robotFile = 'config/robot.yaml';
const task = 'config/scenes/pick_and_place.yaml';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('MujocoHardware', function () {
  this.timeout(10_000);

  it('steps once a cycle, catches up within bounds, and gives up what is beyond', async () => {
    const robot = Robot.load(robotFile);
    const hardware = new MujocoHardware({ robot: robotFile, task, seed: 3, instruction: '', support: 'gantry' });
    await hardware.configure();
    const state = createRobotState(75);
    const command = createJointCommand(75);
    const truth = new Float64Array(hardware.groundTruthSize);
    hardware.activate(state);
    command.position.set(state.position);
    command.kp.set(robot.kp);
    command.kd.set(robot.kd);

    const start = state.position.slice();
    for (const wait of [20, 200]) {
      hardware.copyGroundTruth(truth);
      const before = truth[0];
      await pause(wait);
      hardware.write(command);
      hardware.copyGroundTruth(truth);
      expect(truth[0] - before).to.be.closeTo(0.003, 1e-9);
    }
    hardware.read(state);
    for (let j = 0; j < 75; j++) {
      expect(state.position[j]).to.be.closeTo(start[j], 0.02);
      expect(truth[1 + 7 + j]).to.equal(state.position[j]);
    }
    hardware.deactivate();
    expect(() => hardware.write(command)).to.throw('not configured');
  });

  for (const support of SUPPORTS) {
    it(`places the robot anew, and holds it (${support}) until its drives do`, async () => {
      const robot = Robot.load(robotFile);
      const port = new PlacementPort();
      const faults = new FaultPort();
      const ports = { placement: port.buffer, faults: faults.buffer };
      const options = { robot: robotFile, task, seed: 3, instruction: '', support, ...ports };
      const hardware = new MujocoHardware(options);
      await hardware.configure();
      const state = createRobotState(75);
      const [slack, stiff] = [createJointCommand(75), createJointCommand(75)];
      slack.kd.set(robot.kd);
      hardware.activate(state);
      const start = state.position.slice();
      stiff.position.set(start);
      stiff.kp.set(robot.kp);
      stiff.kd.set(robot.kd);
      const off = () => start.reduce((most, q, j) => Math.max(most, Math.abs(state.position[j] - q)), 0);
      const run = (command: JointCommand, cycles: number) => {
        for (let k = 0; k < cycles; k++) {
          hardware.write(command);
          hardware.read(state);
        }
      };
      run(slack, 1500);
      expect(off()).to.be.greaterThan(0.3);
      // Simulated time begins anew: faults of before must not.
      faults.inject('encoder_dropout', 3, [], 60);
      run(slack, 1);
      expect(state.position[3]).to.be.NaN;
      const placed = port.place({ seed: 4, instruction: '' });
      hardware.read(state);
      expect(hardware.placedAnew).to.equal(true);
      await placed;
      expect(off()).to.equal(0);
      run(slack, 1500);
      expect(hardware.placedAnew).to.equal(false);
      expect(off()).to.be.lessThan(0.15);
      if (support !== 'gantry') expect(state.leftFootWrench[2] + state.rightFootWrench[2]).to.be.greaterThan(600);
      run(stiff, 5);
      run(slack, 1500);
      expect(off()).to.be.greaterThan(0.3);

      const refused = port.place({ seed: 4, instruction: 'fly' }).catch((error: Error) => error.message);
      hardware.read(state);
      expect(hardware.placedAnew).to.equal(false);
      expect(await refused).to.contain("unknown instruction 'fly'");
      hardware.deactivate();
    });
  }

  it('holds its posture in the loop thread', async () => {
    const robot = Robot.load(robotFile);
    const options = { robot: robotFile, task, seed: 3, instruction: '' };
    const handle = await startControlLoop({ hardware: 'mujoco', hardwareOptions: options, parameters: robot });
    const { shared } = handle;
    const snapshot = createLoopSnapshot(shared.layout);
    for (let k = 0; k < 400 && !(snapshot.groundTruth[0] > 0.3); k++) {
      await pause(10);
      shared.readSnapshot(snapshot);
    }
    expect(snapshot.groundTruth[0]).to.be.greaterThan(0.3);
    expect(shared.readStatus().stopMode).to.equal(StopMode.running);
    for (let j = 0; j < 75; j++) expect(snapshot.state.position[j]).to.be.closeTo(snapshot.command.position[j], 0.1);
    await handle.stop();
  });
});
