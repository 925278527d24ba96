import { expect } from 'chai';
import { createJointCommand, createRobotState } from '../../src/control/hardware.js';
import { MujocoHardware } from '../../src/control/mujoco-hardware.js';
import { Robot } from '../../src/robot/robot.js';
import { FaultPort, InjectedFaults } from '../../src/sim/injected-faults.js';

const JOINTS = 4;

describe('InjectedFaults', () => {
  const body = { lock: () => {}, push: () => {} };

  function measured() {
    const state = createRobotState(JOINTS);
    state.position.set([0.1, 0.2, 0.3, 0.4]);
    state.velocity.set([1, 2, 3, 4]);
    state.linearAcceleration.set([0, 0, 9.81]);
    return state;
  }

  it('leaves state and command alone while nothing is asked for', () => {
    const faults = new InjectedFaults(new FaultPort(), JOINTS, body);
    const [state, command] = [measured(), createJointCommand(JOINTS)];
    faults.distortState(0, state);
    expect(state).to.deep.equal(measured());
    expect(faults.distortCommand(command)).to.equal(command);
  });

  it('distorts one joint or all for as long as asked, through shared memory', () => {
    const port = new FaultPort();
    const faults = new InjectedFaults(new FaultPort(port.buffer), JOINTS, body);
    port.inject('encoder_offset', 1, [0.5], 0.1);
    port.inject('encoder_dropout', 3, [], 0.1);
    const state = measured();
    faults.distortState(5, state);
    expect([...state.position]).to.deep.equal([0.1, 0.7, 0.3, Number.NaN]);
    expect(state.velocity[3]).to.be.NaN;
    port.inject('encoder_freeze', undefined, [], 1);
    const frozen = measured();
    faults.distortState(5.2, frozen);
    const later = measured();
    later.position.fill(9);
    faults.distortState(5.3, later);
    expect([...later.position]).to.deep.equal([0.1, 0.2, 0.3, 0.4]);
    port.clear();
    later.position.fill(9);
    faults.distortState(5.4, later);
    expect([...later.position]).to.deep.equal([9, 9, 9, 9]);
  });

  it('distorts, freezes and drops the IMU', () => {
    const port = new FaultPort();
    const faults = new InjectedFaults(port, JOINTS, body);
    port.inject('imu_offset', undefined, [0.1, 0, -0.2], 1);
    const state = measured();
    faults.distortState(0, state);
    expect([...state.angularVelocity]).to.deep.equal([0.1, 0, -0.2]);
    port.clear();
    port.inject('imu_freeze', undefined, [], 1);
    faults.distortState(0.1, measured());
    const moved = measured();
    moved.linearAcceleration.set([1, 2, 3]);
    faults.distortState(0.2, moved);
    expect([...moved.linearAcceleration]).to.deep.equal([0, 0, 9.81]);
    port.inject('imu_dropout', undefined, [], 1);
    faults.distortState(0.3, moved);
    expect(moved.orientation.every(Number.isNaN)).to.equal(true);
  });

  it('locks joints and pushes, and takes both back', () => {
    const log: string[] = [];
    const port = new FaultPort();
    const faults = new InjectedFaults(port, JOINTS, {
      lock: (joint, locked) => log.push(`lock ${joint} ${locked}`),
      push: (force) => log.push(`push ${[...force]}`),
    });
    const command = createJointCommand(JOINTS);
    port.inject('joint_stuck', 2, [], 0.1);
    port.inject('push', undefined, [50, 0, 0], 0.1);
    for (const time of [0, 0.05, 0.2, 0.3]) {
      faults.distortState(time, measured());
      faults.distortCommand(command);
    }
    expect(log).to.deep.equal(['lock 2 true', 'push 50,0,0', 'push 50,0,0', 'lock 2 false', 'push 0,0,0']);
  });

  it('takes the torque of a drive away: the simulated arm sinks', async () => {
    const robot = Robot.load('config/robot.yaml');
    const port = new FaultPort();
    const task = 'config/scenes/pick_and_place.yaml';
    const options = { robot: 'config/robot.yaml', task, seed: 3, instruction: '', support: 'gantry' } as const;
    const hardware = new MujocoHardware({ ...options, faults: port.buffer });
    await hardware.configure();
    const state = createRobotState(75);
    hardware.activate(state);
    const shoulder = robot.names.indexOf('left_shoulder_pitch_joint');
    const command = createJointCommand(75);
    command.position.set(state.position);
    command.kp.set(robot.kp);
    command.kd.set(robot.kd);
    const start = state.position[shoulder]!;
    /** Largest deviation on the way, rad. A cycle is one step or more: the simulation follows the clock. */
    const run = (cycles: number) => {
      let farthest = 0;
      for (let k = 0; k < cycles; k++) {
        hardware.read(state);
        hardware.write(command);
        farthest = Math.max(farthest, Math.abs(state.position[shoulder]! - start));
      }
      return farthest;
    };
    expect(run(100)).to.be.below(0.03);
    port.inject('torque_loss', shoulder, [], 0.3);
    expect(run(600)).to.be.greaterThan(0.05);
    expect(run(1)).to.be.below(0.03);
    hardware.deactivate();
  }).timeout(10_000);
});
