import { expect } from 'chai';
import { CAN_FD_FRAME_BYTES, CanFdFrame, frameLength } from '../../../src/control/can/can-fd-frame.js';
import {
  DRIVE_COMMAND_BYTES,
  type DriveAnswer,
  DriveOrder,
  decodeDriveAnswer,
  encodeDriveCommand,
  encodeDriveOrder,
} from '../../../src/control/can/drive-protocol.js';
import { SocketCan } from '../../../src/control/can/socket-can.js';

const RANGES = { position: 12.5, velocity: 65, kp: 500, kd: 5, torque: 18 };
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('CAN-FD', () => {
  it('frames are those of the kernel, byte by byte', () => {
    const frame = new CanFdFrame();
    frame.begin(0x123, 10);
    frame.data.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    // can_id little-endian, 12 bytes (10 do not exist), BRS | FDF, reserved.
    expect(hex(frame.bytes)).to.equal(`23010000${'0c'}${'05'}0000${'0102030405060708090a'}${'00'.repeat(54)}`);
    expect(frame.bytes).to.have.length(CAN_FD_FRAME_BYTES);
    expect([frame.id, frame.length]).to.deep.equal([0x123, 12]);
  });

  it('frames have 29-bit identifiers where 11 bits do not do', () => {
    const frame = new CanFdFrame();
    frame.begin(0x1abcdef0, 0);
    expect(hex(frame.bytes.subarray(0, 8))).to.equal('f0debc9a00050000');
    expect(frame.id).to.equal(0x1abcdef0);
    expect(() => frame.begin(0x20000000, 0)).to.throw('no CAN identifier');
  });

  it('lengths are those that the bus has', () => {
    expect([0, 7, 8, 9, 13, 17, 21, 25, 33, 49, 64].map(frameLength)).to.deep.equal([
      0, 7, 8, 12, 16, 20, 24, 32, 48, 64, 64,
    ]);
    expect(() => frameLength(65)).to.throw('0 to 64 bytes, not 65');
  });

  for (const [what, values, bytes] of [
    ['zero', [0, 0, 0, 0, 0], '7fff7ff0000007ff'],
    ['the upper ends', [12.5, 65, 500, 5, 18], 'ffffffffffffffff'],
    ['the lower ends', [-12.5, -65, 0, 0, -18], '0000000000000000'],
    ['beyond the ranges', [99, 99, 999, 99, 99], 'ffffffffffffffff'],
    ['a usual command', [1, -2, 100, 1, 3], '8a3c7c0333333954'],
  ] as const) {
    it(`command of ${what}`, () => {
      const out = new Uint8Array(DRIVE_COMMAND_BYTES);
      const [position, velocity, kp, kd, torque] = values;
      encodeDriveCommand(RANGES, position, velocity, kp, kd, torque, out);
      expect(hex(out)).to.equal(bytes);
    });
  }

  it('orders enable, disable and zero a drive', () => {
    const out = new Uint8Array(16);
    encodeDriveOrder(DriveOrder.enable, out, 8);
    expect(hex(out)).to.equal('0000000000000000fffffffffffffffc');
    encodeDriveOrder(DriveOrder.disable, out);
    expect(hex(out.subarray(0, 8))).to.equal('fffffffffffffffd');
  });

  it('answers are read back within their resolution', () => {
    const answer: DriveAnswer = { id: 0, position: 0, velocity: 0, torque: 0 };
    decodeDriveAnswer(RANGES, Uint8Array.of(0, 7, 0x8a, 0x3d, 0x7c, 0x02, 0xaa), answer, 1);
    expect(answer.id).to.equal(7);
    expect(answer.position).to.be.closeTo(1, 25 / 65535);
    expect(answer.velocity).to.be.closeTo(-2, 130 / 4095);
    expect(answer.torque).to.be.closeTo(-12, 36 / 4095);
  });

  it('a bus that is not there is an error that says what it needs', async () => {
    const error = await SocketCan.open('can_nowhere', () => {}).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message).to.match(/CAN bus can_nowhere cannot be opened: .+; the kernel needs can_raw/);
  });
});
