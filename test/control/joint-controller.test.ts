import { expect } from 'chai';
import { createJointCommand, createRobotState } from '../../src/control/hardware.js';
import { CONTROLLER_DEFAULTS, type ControllerOptions, JointController } from '../../src/control/joint-controller.js';
import { MockHardware } from '../../src/control/mock-hardware.js';
import { ReferencePhase, Refusal } from '../../src/control/reference.js';
import { StopCause, StopMode } from '../../src/control/stop-state.js';
import { createJointTrajectory } from '../../src/control/trajectory.js';
import { TrajectoryBuffer } from '../../src/control/trajectory-buffer.js';
import { makeParameters } from './joint-parameters-fixture.js';

const JOINTS = 75;
const DT = 0.001;

/** Controller and mock robot in lock step, and a planner that streams q(t) = speed·t to all joints at 100 Hz. */
class Bench {
  readonly buffer = TrajectoryBuffer.allocate(JOINTS);
  readonly hardware = new MockHardware(makeParameters(JOINTS));
  readonly controller: JointController;
  readonly state = createRobotState(JOINTS);
  readonly command = createJointCommand(JOINTS);
  readonly trajectory = createJointTrajectory(JOINTS, 20);
  streaming = true;
  offset = 0;
  speed = 0;
  cycle = 0;
  largestStep = 0;
  /** Time that passes for the robot in a cycle, s. */
  passed = DT;

  constructor(heartbeatTimeout = Infinity, options: Partial<ControllerOptions> = {}) {
    this.controller = new JointController(makeParameters(JOINTS), this.buffer, {
      ...CONTROLLER_DEFAULTS,
      heartbeatTimeout,
      ...options,
    });
    this.hardware.activate(this.state);
    this.controller.start(this.state);
  }

  /** With a first trajectory, which rests where the robot is; those that follow may move. */
  static followed(options?: Partial<ControllerOptions>): Bench {
    const bench = new Bench(Infinity, options);
    bench.plan();
    bench.controller.update(0, bench.state, bench.command);
    return bench;
  }

  get time(): number {
    return this.cycle * DT;
  }

  plan(): void {
    const { trajectory } = this;
    trajectory.count = 20;
    trajectory.stamp = this.time;
    for (let k = 0; k < 20; k++) {
      trajectory.time[k] = this.time + k * 0.01;
      trajectory.position.fill(this.offset + this.speed * trajectory.time[k], k * JOINTS, (k + 1) * JOINTS);
    }
    trajectory.velocity.fill(this.speed);
    this.buffer.write(trajectory);
  }

  run(seconds: number, beforeUpdate: () => unknown = () => {}): void {
    for (let k = 0; k < Math.round(seconds / DT); k++) {
      if (this.streaming && this.cycle % 10 === 0) this.plan();
      const previous = this.command.position[0];
      const stiff = this.command.kp[0] > 0;
      this.hardware.read(this.state);
      beforeUpdate();
      this.controller.update(this.time, this.state, this.command, this.passed);
      if (stiff) this.largestStep = Math.max(this.largestStep, Math.abs(this.command.position[0] - previous));
      this.hardware.write(this.command);
      this.cycle++;
    }
  }

  reset(): number {
    this.controller.requestReset();
    this.run(DT);
    return this.controller.resetRefusal;
  }
}

describe('JointController', () => {
  it('tells what it asks of a joint that is held back, and gives its drive what its torque suffices for', () => {
    const bench = Bench.followed();
    bench.speed = 1;
    // The joint is where it was, whatever is asked of it.
    bench.run(0.5, () => {
      bench.state.position[3] = 0;
      bench.state.velocity[3] = 0;
    });
    expect(bench.controller.asked[3]).to.be.closeTo(bench.controller.asked[4]!, 1e-9);
    expect(bench.controller.asked[3]).to.be.above(0.4);
    expect(bench.command.position[3]).to.be.closeTo(60 / 400, 1e-9);
    bench.controller.demandStop(StopMode.damping);
    bench.run(DT);
    expect(bench.controller.asked[3]).to.equal(bench.command.position[3]);
  });

  it('holds the posture it starts in while there is no reference', () => {
    const bench = new Bench();
    bench.streaming = false;
    bench.run(1);
    expect(bench.controller.stop.mode).to.equal(StopMode.running);
    expect(bench.command.position[7]).to.equal(0);
    expect(bench.command.kp[7]).to.equal(400);
    expect(bench.controller.reference.phase).to.equal(ReferencePhase.none);
  });

  it('follows the stream, and is deterministic', () => {
    const traces = [0, 1].map(() => {
      const bench = Bench.followed();
      bench.speed = 0.5;
      bench.run(1);
      return [...bench.command.position, ...bench.command.effort, ...bench.state.position];
    });
    expect(traces[0][0]).to.be.closeTo(0.4995, 1e-9);
    expect(traces[0]).to.deep.equal(traces[1]);
  });

  it('bridges a jump of the reference within the velocity limit', () => {
    const bench = Bench.followed();
    bench.offset = 0.5;
    bench.run(0.5);
    expect(bench.command.position[0]).to.be.closeTo(0.5, 1e-9);
    expect(bench.largestStep).to.be.at.most(3 * DT + 1e-9);
  });

  it('refuses a first reference that is far away, and does not move', () => {
    const bench = new Bench();
    bench.offset = 1.5;
    bench.run(0.5);
    expect(bench.command.position[0]).to.equal(0);
    expect(bench.controller.reference.refused).to.equal(50);
    expect(bench.controller.stop.mode).to.equal(StopMode.running);
  });

  it('stops protectively when the reference is lost, and follows a new one after a reset', () => {
    const bench = Bench.followed();
    bench.speed = 1;
    bench.run(0.3);
    bench.streaming = false;
    bench.run(0.2);
    expect(bench.controller.stop.mode).to.equal(StopMode.running);
    expect(bench.controller.reference.phase).to.equal(ReferencePhase.degraded);
    bench.run(0.3);
    expect(bench.controller.stop.mode).to.equal(StopMode.hold);
    expect(bench.controller.stop.causes).to.equal(StopCause.referenceSilent);
    expect(bench.command.velocity[0]).to.equal(0);
    expect(bench.command.kp[0]).to.equal(400);
    const held = bench.command.position[0];
    bench.speed = 0;
    bench.offset = held;
    bench.streaming = true;
    bench.run(0.1);
    expect(bench.controller.stop.mode).to.equal(StopMode.hold);
    expect(bench.reset()).to.equal(0);
    bench.run(0.1);
    bench.offset = held + 0.1;
    bench.run(0.3);
    expect(bench.controller.stop.mode).to.equal(StopMode.running);
    expect(bench.command.position[0]).to.be.closeTo(held + 0.1, 1e-9);
    expect(bench.largestStep).to.be.at.most(3 * DT + 1e-9);
  });

  it('a protective stop decelerates within the limits, holds, latches, and resets when it is withdrawn', () => {
    const bench = Bench.followed();
    bench.speed = 2;
    bench.run(0.2);
    bench.controller.demandStop(StopMode.hold);
    bench.run(DT);
    expect(bench.controller.stop.mode).to.equal(StopMode.hold);
    expect(bench.command.velocity[0]).to.be.within(2 - 0.061, 1.99);
    bench.run(0.1);
    expect(bench.command.velocity[0]).to.equal(0);
    expect(bench.command.position[0]).to.be.within(0.39, 0.45);
    expect(bench.reset()).to.equal(StopCause.protectiveStop);
    bench.controller.demandStop(StopMode.running);
    expect(bench.controller.stop.mode).to.equal(StopMode.hold);
    expect(bench.reset()).to.equal(0);
    expect(bench.controller.stop.mode).to.equal(StopMode.running);
  });

  it('an emergency stop damps at once, latches, and restarts from the measured posture', () => {
    const bench = Bench.followed();
    bench.speed = 1;
    bench.run(0.3);
    bench.controller.demandStop(StopMode.damping);
    bench.controller.demandStop(StopMode.running);
    bench.run(DT);
    expect(bench.controller.stop.mode).to.equal(StopMode.damping);
    expect([bench.command.kp[3], bench.command.kd[3], bench.command.effort[3]]).to.deep.equal([0, 30, 0]);
    bench.streaming = false;
    bench.run(0.5);
    // Somebody moves the robot by hand.
    const moved = -0.8;
    let position = bench.state.position[0];
    bench.run(0.1, () => {
      position = Math.max(moved, position - 0.02);
      bench.state.position.fill(position);
    });
    bench.controller.requestReset();
    bench.run(DT, () => bench.state.position.fill(moved));
    expect(bench.controller.stop.mode).to.equal(StopMode.running);
    expect(bench.command.position[0]).to.equal(moved);
    expect(bench.command.kp[0]).to.equal(400);
    expect(bench.command.velocity[0]).to.equal(0);
  });

  it('holds when a measurement is not finite, lets that joint go, and refuses the reset while it is', () => {
    for (const key of ['position', 'velocity'] as const) {
      const bench = new Bench();
      bench.run(0.1);
      const poison = () => {
        bench.state[key][40] = Number.NaN;
      };
      bench.run(DT, poison);
      expect(bench.controller.stop.mode).to.equal(StopMode.hold);
      for (const vector of Object.values(bench.command)) expect(vector.every(Number.isFinite)).to.equal(true);
      expect(bench.command.kp[40]).to.equal(400);
      bench.run(0.01, poison);
      expect([bench.command.kp[40], bench.command.effort[40], bench.command.kp[39]]).to.deep.equal([0, 0, 400]);
      bench.controller.requestReset();
      bench.run(DT, poison);
      expect(bench.controller.resetRefusal).to.equal(StopCause.stateNotFinite);
      // Nobody saw where it went meanwhile.
      const away = () => {
        bench.state.velocity[40] = 0;
        bench.state.position[40] = -0.6;
      };
      bench.run(DT, away);
      expect([bench.command.position[40], bench.command.kp[40]]).to.deep.equal([-0.6, 0]);
      bench.controller.requestReset();
      bench.run(DT, away);
      expect(bench.controller.resetRefusal).to.equal(0);
      expect(bench.controller.measured.position[40]).to.equal(-0.6);
      expect([bench.command.position[40], bench.command.kp[40]]).to.deep.equal([-0.6, 400]);
    }
  });

  it('stops protectively when a trajectory is not finite', () => {
    const bench = Bench.followed();
    bench.speed = 0.5;
    bench.run(0.095);
    bench.streaming = false;
    bench.trajectory.position[80] = Number.NaN;
    bench.buffer.write(bench.trajectory);
    bench.run(0.2);
    expect(bench.controller.stop.mode).to.equal(StopMode.hold);
    expect(bench.controller.stop.causes).to.equal(StopCause.referenceInvalid);
    expect(bench.command.position.every(Number.isFinite)).to.equal(true);
  });

  it('watches the safety monitor, and does not move before it is heard', () => {
    const bench = new Bench(0.5);
    bench.run(0.2);
    expect(bench.controller.reference.taken).to.equal(0);
    bench.controller.heartbeat();
    bench.run(0.05);
    expect(bench.controller.reference.taken).to.be.greaterThan(0);
    bench.speed = 0.5;
    bench.run(0.35);
    expect(bench.command.position[0]).to.be.greaterThan(0.2);
    expect(bench.controller.stop.mode).to.equal(StopMode.running);
    bench.run(0.2);
    expect(bench.controller.stop.mode).to.equal(StopMode.hold);
    expect(bench.controller.stop.causes).to.equal(StopCause.monitorSilent);
    expect(bench.reset()).to.equal(StopCause.monitorSilent);
    bench.controller.heartbeat();
    expect(bench.reset()).to.equal(0);
  });

  it('moves on by a few cycles only after a stall', () => {
    const bench = Bench.followed();
    bench.speed = 2;
    bench.run(0.1);
    bench.cycle += 100;
    bench.largestStep = 0;
    bench.run(0.01);
    expect(bench.largestStep).to.be.at.most(4 * 3 * DT + 1e-9);
  });

  it('refuses a first measurement that is not finite', () => {
    const bench = new Bench();
    bench.state.position[2] = Number.NaN;
    expect(() => bench.controller.start(bench.state)).to.throw('joint_2 is NaN');
  });

  it('refuses a trajectory buffer of another size', () => {
    expect(() => new JointController(makeParameters(3), TrajectoryBuffer.allocate(2))).to.throw('2 joints');
  });

  describe('a controlled stop', () => {
    const posture = new Float64Array(JOINTS).fill(Number.NaN);
    posture.fill(-0.5, 0, 10);
    const crouch = { posture, speed: 0.3, settle: 0.1 };

    it('brakes, moves to the crouch within the limits, then damps; what is not part of it holds', () => {
      const bench = Bench.followed({ crouch });
      bench.speed = 2;
      bench.run(0.2);
      bench.largestStep = 0;
      bench.controller.demandStop(StopMode.crouch);
      bench.run(0.1);
      expect(bench.controller.stop.mode).to.equal(StopMode.crouch);
      expect(bench.controller.balancing).to.equal(true);
      const held = bench.command.position[20];
      let fastest = 0;
      // 0.95 rad at 0.9 rad/s at most, on the minimum-jerk profile: 1.9 s or so.
      bench.run(1.9, () => {
        fastest = Math.max(fastest, Math.abs(bench.command.velocity[0]));
      });
      expect(fastest).to.be.within(0.8, 0.9 + 1e-9);
      expect(bench.largestStep).to.be.at.most(3 * DT);
      expect(bench.command.position[0]).to.be.closeTo(-0.5, 1e-3);
      expect(bench.command.position[20]).to.be.closeTo(held, 1e-3);
      expect(bench.command.kp[0]).to.equal(400);
      bench.run(0.3);
      expect(bench.controller.stop.mode).to.equal(StopMode.damping);
      expect(bench.controller.balancing).to.equal(false);
      expect(bench.command.kp[0]).to.equal(0);
    });

    it('takes a robot that holds down, too', () => {
      const bench = new Bench(Infinity, { crouch });
      bench.controller.demandStop(StopMode.hold);
      bench.run(0.2);
      bench.controller.demandStop(StopMode.crouch);
      bench.run(2);
      expect(bench.state.position[0]).to.be.closeTo(-0.5, 1e-3);
      expect(bench.state.position[20]).to.be.closeTo(0, 1e-3);
    });

    it('ends where it is when it is reset on the way, without a jump', () => {
      const bench = new Bench(Infinity, { crouch });
      bench.controller.demandStop(StopMode.crouch);
      bench.run(0.5);
      bench.controller.demandStop(StopMode.running);
      bench.streaming = false;
      expect(bench.reset()).to.equal(0);
      bench.run(0.2);
      expect(bench.controller.stop.mode).to.equal(StopMode.running);
      expect(bench.command.position[0]).to.be.within(-0.45, -0.05);
      expect(bench.command.velocity[0]).to.equal(0);
      expect(bench.largestStep).to.be.at.most(3 * DT);
    });

    it('gives way to an emergency stop', () => {
      const bench = new Bench(Infinity, { crouch });
      bench.controller.demandStop(StopMode.crouch);
      bench.run(0.3);
      bench.controller.demandStop(StopMode.damping);
      bench.run(DT);
      expect([bench.controller.stop.mode, bench.command.kp[0]]).to.deep.equal([StopMode.damping, 0]);
    });

    it('without a posture, holds and then damps', () => {
      const bench = new Bench();
      bench.controller.demandStop(StopMode.crouch);
      bench.run(0.2);
      expect([bench.controller.stop.mode, bench.command.kp[0]]).to.deep.equal([StopMode.crouch, 400]);
      bench.run(0.2);
      expect([bench.controller.stop.mode, bench.command.kp[0]]).to.deep.equal([StopMode.damping, 0]);
    });
  });

  it('does not go on after a reset with a motion that was cut off', () => {
    const bench = Bench.followed();
    bench.speed = 0.5;
    bench.run(0.3);
    bench.controller.demandStop(StopMode.hold);
    bench.run(0.02);
    bench.controller.demandStop(StopMode.running);
    expect(bench.reset()).to.equal(0);
    const held = bench.command.position[0];
    bench.run(0.5);
    expect(bench.controller.stop.mode).to.equal(StopMode.running);
    expect(bench.command.position[0]).to.be.closeTo(held, 0.02);
    expect(bench.controller.reference.refusal).to.equal(Refusal.moving);
    bench.speed = 0;
    bench.offset = held;
    bench.run(0.1);
    expect(bench.controller.reference.phase).to.equal(ReferencePhase.fresh);
  });

  it('does not go where the robot was before it was placed anew', () => {
    const bench = Bench.followed();
    bench.offset = 0.5;
    bench.run(0.5);
    const placed = () => bench.state.position.fill(0);
    placed();
    bench.controller.start(bench.state);
    // The planner has not heard of it yet.
    bench.run(0.2, placed);
    expect(bench.controller.stop.mode).to.equal(StopMode.running);
    expect(bench.command.position[0]).to.equal(0);
    expect(bench.controller.reference.refusal).to.equal(Refusal.moving);
    bench.offset = 0;
    bench.run(0.1, placed);
    expect(bench.controller.reference.phase).to.equal(ReferencePhase.fresh);
  });

  it('keeps all joints together to the share of the velocity limits that is allowed', () => {
    const bench = Bench.followed();
    bench.speed = 2;
    bench.run(0.2);
    bench.controller.allowSpeed(0.1);
    bench.run(0.1);
    let fastest = 0;
    bench.run(0.2, () => {
      fastest = Math.max(fastest, ...bench.command.velocity);
    });
    expect(fastest).to.be.closeTo(0.3, 1e-9);
    bench.controller.allowSpeed(0);
    bench.run(0.1);
    expect(bench.command.velocity[0]).to.equal(0);
    expect(bench.controller.stop.mode).to.equal(StopMode.running);
    expect(bench.controller.speedScale).to.equal(0);
  });

  it('slows down when cycles are missed in a row, and recovers', () => {
    const bench = Bench.followed();
    bench.speed = 1.2;
    bench.run(0.2);
    bench.passed = 4 * DT;
    bench.run(DT);
    bench.passed = DT;
    bench.run(0.1);
    expect(bench.controller.speedScale).to.equal(0.3);
    expect(bench.command.velocity[0]).to.be.at.most(0.9 + 1e-9);
    bench.run(1);
    expect(bench.controller.speedScale).to.equal(1);
    expect(bench.controller.stop.mode).to.equal(StopMode.running);
  });

  it('damps when there was no cycle for too long', () => {
    const bench = new Bench();
    bench.run(0.1);
    bench.passed = 19 * DT;
    bench.run(0.1);
    expect(bench.controller.stop.mode).to.equal(StopMode.running);
    bench.passed = 20 * DT;
    bench.run(DT);
    expect(bench.controller.stop.mode).to.equal(StopMode.damping);
    expect(bench.controller.stop.causes).to.equal(StopCause.loopStalled);
    expect(bench.reset()).to.equal(StopCause.loopStalled);
    bench.passed = DT;
    expect(bench.reset()).to.equal(0);
  });

  it('takes a jump of an encoder for what it is: stops, and does not act on it', () => {
    const bench = new Bench();
    bench.run(0.1);
    const effort = bench.command.effort[7];
    bench.run(0.003, () => {
      bench.state.position[7] += 0.5;
    });
    expect(bench.controller.stop.mode).to.equal(StopMode.hold);
    expect(bench.controller.stop.causes).to.equal(StopCause.stateImplausible);
    expect(bench.command.kp[7]).to.equal(400);
    expect(bench.command.effort[7]).to.be.closeTo(effort, 1e-9);
    expect(bench.reset()).to.equal(0);
    bench.run(0.02, () => {
      bench.state.position[7] += 0.5;
    });
    // The drive may believe the same encoder.
    expect([bench.command.kp[7], bench.command.effort[7], bench.command.kd[7]]).to.deep.equal([0, 0, 30]);
    expect(bench.command.kp[8]).to.equal(400);
    bench.controller.requestReset();
    bench.run(DT, () => {
      bench.state.position[7] += 0.5;
    });
    expect(bench.controller.resetRefusal).to.equal(StopCause.stateImplausible);
    expect(bench.reset()).to.equal(0);
    bench.run(DT);
    expect(bench.command.kp[7]).to.equal(400);
  });
});
