import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { PolicySenses } from '../../../src/cosmos/policy-backend.js';
import { PolicySession } from '../../../src/cosmos/policy-session.js';
import { type Embodiment, loadEmbodiment } from '../../../src/cosmos/served/embodiment.js';
import { ServedBackend } from '../../../src/cosmos/served/served-backend.js';
import { createPolicyFrame } from '../../../src/perception/policy-image.js';
import type { Kinematics } from '../../../src/robot/kinematics.js';
import { robot } from '../../robot/robot-fixture.js';

const PYTHON = '.ros/test-venv/bin/python3';

/** Python servers by protocol: the map that they are asked with, as far as they serve it. */
const PEERS = {
  openpi: () => ({ scheme: 'ws', embodiment: headCamera(loadEmbodiment('config/policies/openpi_droid.yaml')) }),
  cosmos3: () => ({ scheme: 'ws', embodiment: loadEmbodiment('config/policies/cosmos3_droid.yaml') }),
  gr00t: () => ({ scheme: 'tcp', embodiment: rightHand(loadEmbodiment('config/policies/gr00t_sharpa.yaml')) }),
  kserve: () => ({ scheme: 'http', embodiment: loadEmbodiment('config/policies/kserve_super.yaml') }),
} as const;
export type PeerProtocol = keyof typeof PEERS;
export const PEER_PROTOCOLS = Object.keys(PEERS) as PeerProtocol[];

function headCamera(map: Embodiment): Embodiment {
  return { ...map, images: { 'observation/image': { camera: 'head_camera', width: 224, height: 224, ages: [0] } } };
}

function rightHand(map: Embodiment): Embodiment {
  const right = (key: string) => key.includes('right');
  return {
    ...map,
    images: { 'video.ego_view': { camera: 'head_camera', width: 320, height: 240, ages: [1, 0] } },
    states: Object.fromEntries(Object.entries(map.states).filter(([key]) => right(key))),
    actions: map.actions.filter(({ from }) => right(from)),
  };
}

/** What the robot senses with its joints at `positions`: a grey picture, and its hands where they are. */
export function peerSenses(kinematics: Kinematics, positions: Float64Array): PolicySenses {
  kinematics.setPositions(positions);
  const hand = (frame: string) => {
    const pose = new Float64Array(7);
    kinematics.pose(kinematics.frame(frame), pose);
    return { commandedPose: pose, commandedGripper: 0.25, measuredPose: pose };
  };
  const color = new Uint8Array(3 * 320 * 240).fill(128);
  return {
    stamp: 1,
    frame: createPolicyFrame(),
    pictures: new Map([['head_camera', { width: 320, height: 240, color }]]),
    hands: { left: hand('l_gripper'), right: hand('r_gripper') },
    positions,
  };
}

/** A policy server in a process of its own (`peer_server.py`), and a robot that asks it. */
export class PolicyPeer {
  readonly #protocol: PeerProtocol;
  readonly #kinematics: Kinematics;
  #process!: ChildProcess;
  #port = '0';
  #backend: ServedBackend | undefined;

  private constructor(protocol: PeerProtocol, kinematics: Kinematics) {
    this.#protocol = protocol;
    this.#kinematics = kinematics;
  }

  static async start(protocol: PeerProtocol, kinematics: Kinematics): Promise<PolicyPeer> {
    const peer = new PolicyPeer(protocol, kinematics);
    await peer.restart();
    return peer;
  }

  /** Starts it, on the same port as before. */
  async restart(): Promise<void> {
    const command = ['test/cosmos/served/peer_server.py', this.#protocol, this.#port];
    this.#process = spawn(PYTHON, command, { stdio: ['ignore', 'pipe', 'inherit'] });
    [this.#port] = (await once(createInterface(this.#process.stdout!), 'line')) as [string];
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }

  get url(): string {
    return `${PEERS[this.#protocol]().scheme}://127.0.0.1:${this.#port}`;
  }

  /** The policy, not connected yet. @param change of the map */
  backend(change: Partial<Embodiment> = {}): ServedBackend {
    const { embodiment } = PEERS[this.#protocol]();
    this.#backend = new ServedBackend({ ...embodiment, url: this.url, timeout: 1, ...change }, robot, this.#kinematics);
    return this.#backend;
  }

  /** Connects. @param change of the map */
  async connect(change: Partial<Embodiment> = {}): Promise<PolicySession> {
    const backend = this.backend(change);
    await backend.load();
    return new PolicySession(backend, { candidates: 1, steps: 1 });
  }

  async close(): Promise<void> {
    await this.#backend?.dispose();
    await this.kill();
  }
}
