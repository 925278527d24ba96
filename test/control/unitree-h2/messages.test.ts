import { expect } from 'chai';
import { CRC_START, crc32 } from '../../../src/control/unitree-h2/crc32.js';
import { LOW_COMMAND_BYTES, LowCommand } from '../../../src/control/unitree-h2/low-command.js';
import { EMERGENCY_STOP_BUTTONS, LOW_STATE_BYTES, LowState } from '../../../src/control/unitree-h2/low-state.js';
import { MOTOR_SLOTS } from '../../../src/control/unitree-h2/motors.js';
import { Codec } from '../../../src/ros/codec.js';

/** CRC-32/MPEG-2, bit by bit. */
function reference(words: readonly number[]): number {
  let crc = 0xffffffff;
  for (const word of words) {
    for (let bit = 31; bit >= 0; bit--) {
      const top = ((crc >>> 31) ^ (word >>> bit)) & 1;
      crc = ((crc << 1) ^ (top ? 0x04c11db7 : 0)) >>> 0;
    }
  }
  return crc;
}

const hex = (crc: number) => `0x${(crc >>> 0).toString(16).padStart(8, '0')}`;

describe('CRC-32 of unitree_hg', () => {
  it('is CRC-32/MPEG-2', () => {
    // The check value of the catalogue is of the text "123456789"; over whole words: its first eight bytes.
    const words = [0x31323334, 0x35363738, 0xffffffff, 0];
    const crc = words.reduce(crc32, CRC_START);
    expect(hex(crc)).to.equal(hex(reference(words)));
  });
});

describe('LowCommand', () => {
  const codec = new Codec('unitree_hg/msg/LowCmd');

  it('has the CRC of the all-zero command', () => {
    expect(hex(new LowCommand().computeCrc())).to.equal('0xfe172f9f');
  });

  it('has the CRC of a command for motor 0', () => {
    const command = new LowCommand();
    command.modeMachine = 5;
    command.setMode(0, 1);
    command.setMotor(0, 0.5, 0, 0, 150, 2);
    expect(hex(command.computeCrc())).to.equal('0xcbb0f006');
  });

  it('is the CDR that ROS writes', () => {
    const command = new LowCommand();
    command.modePr = 1;
    command.modeMachine = 7;
    for (let i = 0; i < MOTOR_SLOTS; i++) {
      command.setMode(i, 1 + (i % 3));
      command.setMotor(i, i, -i, i / 4, 100 + i, 2 * i);
    }
    command.seal();
    const motor_cmd = Array.from({ length: MOTOR_SLOTS }, (_, i) => ({
      mode: 1 + (i % 3),
      q: i,
      dq: -i,
      tau: i / 4,
      kp: 100 + i,
      kd: 2 * i,
    }));
    const expected = codec.encode({
      mode_pr: 1,
      mode_machine: 7,
      motor_cmd,
      reserve: [0, 0, 0, 0],
      crc: command.crc >>> 0,
    });
    expect(Buffer.from(command.bytes)).to.deep.equal(Buffer.from(expected));
    expect(command.bytes).to.have.length(LOW_COMMAND_BYTES);
    const read = new LowCommand(Uint8Array.from(expected));
    expect([read.mode(3), read.q(3), read.dq(3), read.tau(3), read.kp(3), read.kd(3)]).to.deep.equal([
      1, 3, -3, 0.75, 103, 6,
    ]);
    expect([read.modePr, read.modeMachine]).to.deep.equal([1, 7]);
  });

  it('has the CRC of the C structure, whose padding differs', () => {
    const command = new LowCommand();
    command.modeMachine = 9;
    const structure = new DataView(new ArrayBuffer(1004));
    structure.setUint8(1, 9);
    for (let i = 0; i < MOTOR_SLOTS; i++) {
      command.setMode(i, 1);
      command.setMotor(i, 0.1 * i, 1, 2, 3, 4 + i);
      structure.setUint8(4 + 28 * i, 1);
      [0.1 * i, 1, 2, 3, 4 + i].forEach((value, k) => {
        structure.setFloat32(8 + 28 * i + 4 * k, value, true);
      });
    }
    const words = Array.from({ length: 250 }, (_, k) => structure.getUint32(4 * k, true));
    expect(hex(command.computeCrc())).to.equal(hex(reference(words)));
    command.seal();
    expect(command.intact).to.equal(true);
  });

  it('is not intact when any one bit of its data is wrong', () => {
    const command = new LowCommand();
    command.setMode(30, 1);
    command.setMotor(30, 1, 2, 3, 4, 5);
    command.seal();
    for (let bit = 0; bit < 8 * (LOW_COMMAND_BYTES - 4); bit += 13) {
      const at = 4 + (bit >> 3);
      // Padding is no data.
      const body = at - 4;
      const padding = body === 3 || (body >= 28 && body < 980 && body % 28 > 0 && body % 28 < 4);
      if (padding) continue;
      command.bytes[at] ^= 1 << (bit & 7);
      expect(command.intact, `bit ${bit}`).to.equal(false);
      command.bytes[at] ^= 1 << (bit & 7);
    }
    expect(command.intact).to.equal(true);
  });

  it('refuses bytes of another length', () => {
    expect(() => new LowCommand(new Uint8Array(8))).to.throw('8 bytes, needs 1004');
  });
});

describe('LowState', () => {
  const codec = new Codec('unitree_hg/msg/LowState');

  it('has the CRC of the all-zero state', () => {
    expect(hex(new LowState().computeCrc())).to.equal('0xd64bb04a');
  });

  it('is the CDR that ROS writes', () => {
    const state = new LowState();
    state.modeMachine = 5;
    state.tick = 0xfffffff0;
    state.setOrientation(Float64Array.of(0.5, -0.5, 0.25, 0.75));
    state.setInertial(Float64Array.of(1, 2, 3), Float64Array.of(4, 5, 9.75));
    for (let i = 0; i < MOTOR_SLOTS; i++) {
      state.setMode(i, 1);
      state.setMotor(i, i, -i, i / 4);
      state.setHealth(i, 40 - 2 * i, 60, i);
    }
    state.buttons = EMERGENCY_STOP_BUTTONS;
    state.seal();
    const remote = new Uint8Array(40);
    remote.set([0x20, 0x02], 2);
    const motor_state = Array.from({ length: MOTOR_SLOTS }, (_, i) => ({
      mode: 1,
      q: i,
      dq: -i,
      tau_est: i / 4,
      temperature: [40 - 2 * i, 40 - 2 * i],
      vol: 60,
      motorstate: i,
      sensor: [0, 0],
      reserve: [0, 0, 0, 0],
    }));
    const expected = codec.encode({
      version: [0, 0],
      mode_machine: 5,
      tick: 0xfffffff0,
      imu_state: {
        quaternion: [0.75, 0.5, -0.5, 0.25],
        gyroscope: [1, 2, 3],
        accelerometer: [4, 5, 9.75],
        rpy: [0, 0, 0],
      },
      motor_state,
      wireless_remote: remote,
      reserve: [0, 0, 0, 0],
      crc: state.crc >>> 0,
    });
    expect(Buffer.from(state.bytes)).to.deep.equal(Buffer.from(expected));
    expect(state.bytes).to.have.length(LOW_STATE_BYTES);

    const read = new LowState(Uint8Array.from(expected));
    const orientation = new Float64Array(4);
    read.readOrientation(orientation);
    expect([...orientation]).to.deep.equal([0.5, -0.5, 0.25, 0.75]);
    expect([read.tick, read.modeMachine, read.buttons]).to.deep.equal([0xfffffff0, 5, EMERGENCY_STOP_BUTTONS]);
    expect([
      read.q(30),
      read.dq(30),
      read.tau(30),
      read.temperature(30),
      read.voltage(30),
      read.error(30),
    ]).to.deep.equal([30, -30, 7.5, -20, 60, 30]);
    expect(read.intact).to.equal(true);
  });

  it('has the CRC of the C structure, whose padding differs', () => {
    const state = new LowState();
    const structure = new DataView(new ArrayBuffer(2092));
    state.modeMachine = 5;
    structure.setUint8(9, 5);
    state.tick = 1234;
    structure.setUint32(12, 1234, true);
    for (let i = 0; i < MOTOR_SLOTS; i++) {
      state.setMode(i, 1);
      state.setMotor(i, 0.1 * i, 0, 0);
      structure.setUint8(72 + 56 * i, 1);
      structure.setFloat32(76 + 56 * i, 0.1 * i, true);
    }
    const words = Array.from({ length: 522 }, (_, k) => structure.getUint32(4 * k, true));
    expect(hex(state.computeCrc())).to.equal(hex(reference(words)));
  });

  it('does not take padding that the sender left unset for data', () => {
    const state = new LowState();
    state.seal();
    for (const at of [10, 11, 71, 68 + 56 + 1, 68 + 34 * 56 + 3]) state.bytes[4 + at] = 0xff;
    expect(state.intact).to.equal(true);
  });
});
