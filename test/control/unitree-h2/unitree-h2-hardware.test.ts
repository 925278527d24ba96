import { expect } from 'chai';
import { StopMode } from '../../../src/control/stop-state.js';
import { RAMP_TIME } from '../../../src/control/unitree-h2/handover.js';
import { MOTORS, mapJoints } from '../../../src/control/unitree-h2/motors.js';
import { describeFaults, RobotFault, torqueShare } from '../../../src/control/unitree-h2/robot-fault.js';
import { BodyFirmware, FirmwareMode } from '../../../src/sim/emulator/body-firmware.js';
import { NOMINAL_SUPPLY } from '../../../src/sim/emulator/robot-emulator.js';
import { EmulatedRobot } from './emulated-robot.js';

/** What the gate says. */
async function complaint(robot: EmulatedRobot): Promise<string> {
  return robot.configure().then(
    () => 'ready',
    (error: Error) => error.message,
  );
}

describe('UnitreeH2Hardware', function () {
  this.timeout(20_000);

  let robot: EmulatedRobot;

  beforeEach(async () => {
    robot = await EmulatedRobot.create();
  });

  afterEach(() => robot.emulator.delete());

  const isDamping = () => {
    for (let i = 0; i < MOTORS.length; i++) {
      if (robot.sent.kp(i) !== 0 || robot.sent.tau(i) !== 0 || robot.sent.dq(i) !== 0 || !(robot.sent.kd(i) > 0)) {
        return false;
      }
    }
    return true;
  };

  describe('start-up gate', () => {
    it('lists all that is missing', async () => {
      robot.carriesStates = false;
      robot.emulator.faults.deadHand = 'left';
      robot.link.setForeign(1);
      robot.link.setStopRequested(true);
      const text = await complaint(robot);
      expect(text).to.match(/no LowState on \/lowstate/);
      expect(text)
        .to.match(/left hand/)
        .and.not.match(/right hand/);
      expect(text).to.match(/1 other publishers on \/lowcmd/);
      expect(text).to.match(/safety monitor demands an emergency stop/);
      expect(text).to.match(/operator has not confirmed/);
    });

    it('names motors, temperatures and buttons', async () => {
      robot.link.setConfirmed(true);
      robot.emulator.faults.brokenMotor = 'left_knee_joint';
      robot.emulator.faults.hotMotor = 'waist_yaw_joint';
      robot.emulator.faults.remoteStop = true;
      const text = await complaint(robot);
      expect(text.split('\n')).to.have.length(4);
      expect(text).to.match(/report an error: left_knee_joint/);
      expect(text).to.match(/hotter than 100 °C: waist_yaw_joint/);
      expect(text).to.match(/remote control/);
    });

    it('refuses a supply that is too low or too high', async () => {
      robot.link.setConfirmed(true);
      robot.emulator.faults.supply = 53.9;
      expect(await complaint(robot)).to.match(
        /supply below 54 V: left_hip_pitch_joint at 53\.9 V.* and 25 more: charge/,
      );
      robot.emulator.faults.supply = 79.5;
      expect(await complaint(robot)).to.match(
        /supply above 79\.2 V: left_hip_pitch_joint at 79\.5 V.*: check the battery/,
      );
    });

    it('refuses a posture outside the limits', async () => {
      robot.link.setConfirmed(true);
      const q = new Float64Array(robot.emulator.simulation.stateSize);
      robot.emulator.simulation.copyState(q);
      q[7 + robot.robot.names.indexOf('right_elbow_joint')] = 3.1;
      robot.emulator.simulation.setState(q);
      const stuck = new BodyFirmware(
        robot.robot,
        mapJoints(robot.robot.names).body,
        q.slice(7, 7 + robot.robot.names.length),
        5,
      );
      Object.assign(robot.emulator, { firmware: stuck });
      expect(await complaint(robot)).to.match(/posture outside the limits: right_elbow_joint at 3\.\d+ rad/);
    });

    it('opens when all is well', async () => {
      robot.link.setConfirmed(true);
      expect(await complaint(robot)).to.equal('ready');
    });
  });

  it('takes the robot over without a jump, in 500 commands a second that the firmware accepts', async () => {
    robot.idle(0.2);
    await robot.start();
    const before = robot.state.position.slice();
    const { body } = mapJoints(robot.robot.names);
    const last = Float64Array.from(body, (j) => before[j]);
    let count = 0;
    let jump = 0;
    let stiffness = 0;
    robot.onCommand = (command) => {
      count++;
      expect(command.intact).to.equal(true);
      expect([command.modePr, command.modeMachine]).to.deep.equal([0, 5]);
      for (let i = 0; i < MOTORS.length; i++) {
        expect(command.mode(i)).to.equal(1);
        if (count === 1) expect(command.kp(i)).to.equal(0);
        jump = Math.max(jump, Math.abs(command.q(i) - last[i]));
        last[i] = command.q(i);
      }
      const kp = command.kp(0);
      expect(kp).to.be.at.least(stiffness);
      stiffness = kp;
    };
    let sag = 0;
    robot.run(RAMP_TIME + 0.1, () => {
      for (const j of body) sag = Math.max(sag, Math.abs(robot.state.position[j] - before[j]));
    });
    expect(count).to.equal(550);
    expect(jump).to.be.below(0.01);
    expect(stiffness).to.equal(400);
    // What the motors exerted holds the robot while stiffness comes; then waist and head give way to their load.
    expect(sag).to.be.below(0.08);
    const { firmware } = robot.emulator;
    expect(firmware.mode).to.equal(FirmwareMode.commanded);
    expect(Object.values(firmware.refused).every((refused) => refused === 0)).to.equal(true);
    expect(robot.controller.stop.mode).to.equal(StopMode.running);
  });

  it('leaves the robot to its own controller until there is something to do', async () => {
    robot.link.setConfirmed(true);
    await robot.configure();
    robot.hardware.activate(robot.state);
    robot.controller.start(robot.state);
    robot.run(0.05);
    expect(robot.link.commands).to.equal(0);
    robot.link.want();
    robot.run(0.05);
    expect(robot.emulator.firmware.mode).to.equal(FirmwareMode.commanded);
  });

  it('leaves the robot to its own controller while a stop is latched', async () => {
    await robot.start();
    robot.controller.demandStop(StopMode.damping);
    robot.run(0.05);
    expect(robot.link.commands).to.equal(0);
    expect(robot.emulator.firmware.mode).to.equal(FirmwareMode.holding);
    robot.controller.requestReset();
    robot.run(0.05);
    expect(robot.emulator.firmware.mode).to.equal(FirmwareMode.commanded);
  });

  /** What is done to the robot, the fault it is, and how long until the motors damp at most, s. */
  const cases: [string, (r: EmulatedRobot) => void, (r: EmulatedRobot) => void, number, number][] = [
    [
      'LowState stays away',
      (r) => {
        r.emulator.faults.silent = true;
      },
      (r) => {
        r.emulator.faults.silent = false;
      },
      RobotFault.stateLost,
      0.025,
    ],
    [
      'CRCs are wrong',
      (r) => {
        r.emulator.states.faults.bitErrors = 1;
      },
      (r) => {
        r.emulator.states.faults.bitErrors = 0;
      },
      RobotFault.crc,
      0.01,
    ],
    [
      'a motor reports an error',
      (r) => {
        r.emulator.faults.brokenMotor = 'left_elbow_joint';
      },
      (r) => {
        r.emulator.faults.brokenMotor = '';
      },
      RobotFault.motor,
      0.006,
    ],
    [
      'a motor is too hot',
      (r) => {
        r.emulator.faults.hotMotor = 'right_knee_joint';
      },
      (r) => {
        r.emulator.faults.hotMotor = '';
      },
      RobotFault.overheated,
      0.006,
    ],
    [
      'a hand is lost',
      (r) => {
        r.emulator.faults.deadHand = 'right';
      },
      (r) => {
        r.emulator.faults.deadHand = '';
      },
      RobotFault.rightHandLost,
      0.115,
    ],
    [
      'somebody else drives',
      (r) => {
        r.link.setForeign(1);
      },
      (r) => {
        r.link.setForeign(0);
      },
      RobotFault.foreignController,
      0.003,
    ],
    [
      'the supply breaks down',
      (r) => {
        r.emulator.faults.supply = 50;
      },
      (r) => {
        r.emulator.faults.supply = NOMINAL_SUPPLY;
      },
      RobotFault.supplyLow,
      0.106,
    ],
    [
      'the supply is too high',
      (r) => {
        r.emulator.faults.supply = 82;
      },
      (r) => {
        r.emulator.faults.supply = NOMINAL_SUPPLY;
      },
      RobotFault.supplyHigh,
      0.106,
    ],
    [
      'the remote control stops it',
      (r) => {
        r.emulator.faults.remoteStop = true;
      },
      (r) => {
        r.emulator.faults.remoteStop = false;
      },
      RobotFault.remoteStop,
      0.006,
    ],
  ];

  for (const [what, inject, heal, fault, limit] of cases) {
    it(`damps and stays so when ${what}`, async () => {
      await robot.start();
      robot.run(0.1);
      expect(isDamping()).to.equal(false);
      inject(robot);
      const begin = robot.time;
      let damped = Number.NaN;
      let seen = 0;
      robot.onCommand = (_, time) => {
        if (Number.isNaN(damped) && isDamping()) damped = time;
        if (!Number.isNaN(damped)) expect(isDamping()).to.equal(true);
      };
      robot.run(limit + 0.015, () => {
        seen |= robot.link.faults;
      });
      expect(damped - begin).to.be.within(0, limit + 1e-9);
      expect(seen & fault).to.equal(fault);
      expect(robot.controller.stop.mode).to.equal(StopMode.damping);

      // A reset is refused while the fault lasts, and works when it is gone and not before.
      robot.controller.requestReset();
      robot.run(0.002);
      expect(robot.controller.stop.mode).to.equal(StopMode.damping);
      heal(robot);
      robot.run(fault === RobotFault.crc ? 1.1 : 0.12);
      expect(robot.link.faults).to.equal(0);
      expect(isDamping()).to.equal(true);
      robot.onCommand = () => {};
      robot.controller.requestReset();
      robot.run(0.05);
      expect(robot.controller.stop.mode).to.equal(StopMode.running);
      expect(robot.sent.kp(0)).to.be.within(1, 0.06 * 400);
    });
  }

  it('sends numbers where a motor gives none, driven and damped', async () => {
    await robot.start();
    robot.run(0.05);
    let sent = 0;
    robot.onState = (state) => state.setMotor(3, Number.NaN, Number.NaN, Number.NaN);
    robot.onCommand = (command) => {
      for (let i = 0; i < MOTORS.length; i++) {
        const all = [command.q(i), command.dq(i), command.tau(i), command.kp(i), command.kd(i)];
        expect(all.every(Number.isFinite), `motor ${i}: ${all}`).to.equal(true);
      }
      sent++;
    };
    robot.run(0.02);
    robot.controller.demandStop(StopMode.damping);
    robot.run(0.02);
    expect(isDamping()).to.equal(true);
    expect(sent).to.be.above(15);
  });

  it('survives a single wrong CRC, without using the message', async () => {
    await robot.start();
    robot.run(0.05);
    robot.emulator.states.faults.bitErrors = 1;
    robot.run(0.002);
    robot.emulator.states.faults.bitErrors = 0;
    robot.run(0.1);
    expect(robot.link.crcErrors).to.equal(1);
    expect(robot.controller.stop.mode).to.equal(StopMode.running);
  });

  it('survives a short sag of the supply', async () => {
    await robot.start();
    robot.run(0.05);
    for (let k = 0; k < 3; k++) {
      robot.emulator.faults.supply = 50;
      robot.run(0.09);
      robot.emulator.faults.supply = NOMINAL_SUPPLY;
      robot.run(0.01);
    }
    robot.run(0.1);
    expect(robot.controller.stop.mode).to.equal(StopMode.running);
  });

  it('is damped by the robot itself when commands stay away', async () => {
    await robot.start();
    robot.run(0.05);
    robot.idle(0.015);
    expect(robot.emulator.firmware.mode).to.equal(FirmwareMode.commanded);
    robot.idle(0.01);
    expect(robot.emulator.firmware.mode).to.equal(FirmwareMode.damping);
  });

  it('is refused by the robot when the order of its motors is wrong', async () => {
    await robot.start();
    robot.run(0.05);
    const { firmware } = robot.emulator;
    const { sent } = robot;
    const [a, b] = [sent.q(3), sent.q(5)];
    sent.setMotor(3, b, 0, 0, 250, 2);
    sent.setMotor(5, a, 0, 0, 90, 2);
    sent.seal();
    const before = firmware.accepted;
    expect(firmware.receive(sent.bytes, robot.time, robot.state)).to.equal('jump');
    sent.modeMachine = 4;
    expect(firmware.receive(sent.bytes, robot.time, robot.state)).to.equal('crc');
    sent.seal();
    expect(firmware.receive(sent.bytes, robot.time, robot.state)).to.equal('mode_machine');
    expect(firmware.receive(sent.bytes.subarray(4), robot.time, robot.state)).to.equal('size');
    expect(firmware.accepted).to.equal(before);
  });

  it('gives a hot motor less torque', () => {
    expect([20, 80, 90, 99.9, 100, 120].map((celsius) => Number(torqueShare(celsius).toFixed(2)))).to.deep.equal([
      1, 1, 0.7, 0.4, 0, 0,
    ]);
  });

  it('names its faults', () => {
    const all = Object.values(RobotFault).reduce((mask, bit) => mask | bit, 0);
    expect(describeFaults(all)).to.have.length(Object.keys(RobotFault).length);
  });
});
