import { type ChildProcess, spawn } from 'node:child_process';
import { CAN_FD_FRAME_BYTES } from './can-fd-frame.js';

/** Node has no sockets of this family: a small program passes frames between the bus and its pipes, unread. */
const BRIDGE = `
import os, socket, sys, threading
try:
    bus = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
    bus.setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FD_FRAMES, 1)
    bus.bind((sys.argv[1],))
except OSError as error:
    sys.exit(f'{error.strerror}')
def receive():
    while True:
        frame = bus.recv(${CAN_FD_FRAME_BYTES})
        os.write(1, frame.ljust(${CAN_FD_FRAME_BYTES}, b'\\0'))
threading.Thread(target=receive, daemon=True).start()
os.write(1, bytes(${CAN_FD_FRAME_BYTES}))
while frame := sys.stdin.buffer.read(${CAN_FD_FRAME_BYTES}):
    bus.send(frame)
`;

/** A CAN-FD bus through the kernel's SocketCAN. */
export class SocketCan {
  readonly #bridge: ChildProcess;

  private constructor(bridge: ChildProcess) {
    this.#bridge = bridge;
  }

  /**
   * Opens a network interface, e.g. can0, that is up with CAN-FD
   * (ip link set can0 up type can bitrate 1000000 dbitrate 5000000 fd on).
   * @param receive called with the bytes of each frame, valid during the call
   * @throws Error that says what is missing: the kernel's support, the interface, python3
   */
  static open(name: string, receive: (frame: Uint8Array) => void): Promise<SocketCan> {
    const bridge = spawn('python3', ['-u', '-c', BRIDGE, name], { stdio: ['pipe', 'pipe', 'pipe'] });
    let pending: Buffer = Buffer.alloc(0);
    let errors = '';
    bridge.stderr.on('data', (data) => {
      errors += String(data);
    });
    return new Promise((resolve, reject) => {
      let open = false;
      const fail = (why: string) => {
        const remedy = 'the kernel needs can_raw (modprobe can_raw), the interface must be up with "fd on"';
        reject(new Error(`CAN bus ${name} cannot be opened: ${why}; ${remedy}`));
      };
      bridge.on('error', (error) => fail(error.message));
      bridge.on('exit', () => fail(errors.trim() || 'the bridge ended'));
      bridge.stdout.on('data', (data: Buffer) => {
        pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
        let at = 0;
        for (; pending.length - at >= CAN_FD_FRAME_BYTES; at += CAN_FD_FRAME_BYTES) {
          // The first one only says that the bus is open.
          if (open) receive(pending.subarray(at, at + CAN_FD_FRAME_BYTES));
          else resolve(new SocketCan(bridge));
          open = true;
        }
        pending = pending.subarray(at);
      });
    });
  }

  /** Sends a frame. */
  send(frame: Uint8Array): void {
    this.#bridge.stdin?.write(Buffer.from(frame));
  }

  close(): void {
    this.#bridge.kill();
  }
}
