import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { UsageMeter } from '../src/cli/start/process-usage.js';
import { SimulatedRobot } from '../src/cli/start/simulated-robot.js';
import { StopMode } from '../src/control/stop-state.js';
import { percentile } from '../src/math/percentile.js';
import { readLaunchFile } from '../src/ros/launcher/launch-file.js';
import { Launcher } from '../src/ros/launcher/launcher.js';
import type { Message } from '../src/ros/messages.js';
import { openNode } from '../src/ros/open-node.js';
import { packagePath } from '../src/ros/package-path.js';
import { sensorData } from '../src/ros/qos.js';
import type { RosNode } from '../src/ros/ros-node.js';
import { toSeconds } from '../src/ros/time.js';
import { type KeyStops, pressSpaceBar } from './operator/key-stops.js';

const PORT = 8799;
const STOPS = 100;
/** Of each number of clients, s. */
const DURATION = 12;
const CLIENTS = [0, 1, 4];
const CAMERAS = ['head_camera', 'left_wrist_camera', 'right_wrist_camera'];
const TOPICS = [
  ...CAMERAS.flatMap((camera) => [`/${camera}/color/image_raw`, `/${camera}/depth/image_raw`]),
  '/joint_states',
  '/motion_planner/joint_trajectory',
  '/joint_controller/state',
];

/**
 * The emergency stop, from the frame that a page sends, and from the space bar in the page, to the first command of the
 * stopped loop. Then, with the whole simulated robot up and its three cameras at 15 Hz: what the bridge passes on to none,
 * one and four clients, what that costs it, and how late the 1 kHz loop is meanwhile; and the space bar again, in a browser
 * that has to share the two cores with all that, and in one that goes before it.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const { node, close } = await openNode('bench_operator');
  const folder = mkdtempSync(join(tmpdir(), 'bench-operator-'));
  try {
    const figures = await measureStops(node);
    console.log(figures);
    Object.assign(figures, await measureGraph(node, folder));
    const ratios = { late_p99_four_clients_over_none: figures.clients4_late_p99_us! / figures.clients0_late_p99_us! };
    return { figures, ratios };
  } finally {
    rmSync(folder, { recursive: true });
    close();
  }
}

/** @param delays ms */
function summarise(name: string, delays: readonly number[]): Record<string, number> {
  const [half, most] = [percentile(delays, 0.5), percentile(delays, 0.99)];
  return { [`${name}_p50_ms`]: half, [`${name}_p99_ms`]: most, [`${name}_max_ms`]: Math.max(...delays) };
}

function summariseKeys(name: string, stops: KeyStops | undefined): Record<string, number> {
  if (stops === undefined) return {};
  return { ...summarise(name, stops.fromKey), ...summarise(`${name}_from_press`, stops.fromPress) };
}

/** Stops of the loop in a graph that leaves the machine time: by a frame, and by the space bar. */
async function measureStops(node: RosNode): Promise<Record<string, number>> {
  const { processes } = readLaunchFile(packagePath('test/graph/operator.launch.xml'), {
    arguments: { port: String(PORT) },
  });
  const launcher = new Launcher(processes, {});
  launcher.start();
  let state: Message<'cosmos_humanoid/msg/ControllerState'> | undefined;
  node.createSubscription('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData(1), (message) => {
    state = message;
  });
  const reset = node.createClient('std_srvs/srv/Trigger', 'safety/reset');
  const mode = () => state?.mode;
  const delays: number[] = [];
  try {
    const socket = await dial();
    for (let i = 0; i < STOPS; i++) {
      while (mode() !== StopMode.running) {
        await reset.call({}, 30);
        await pause(0.1);
      }
      await pause(0.05 * Math.random());
      const sent = node.now();
      socket.send('STOP');
      while (mode() !== StopMode.damping) await pause(0.005);
      delays.push(1000 * (toSeconds(state!.mode_since) - sent));
    }
    socket.close();
    const release = async () => {
      await reset.call({}, 30);
    };
    const stops = await pressSpaceBar({ state: () => state, release }, PORT, STOPS);
    return { ...summarise('frame_to_stop', delays), ...summariseKeys('key_to_stop', stops) };
  } finally {
    await launcher.stop();
  }
}

/** A control channel, as soon as the bridge offers one. */
async function dial(): Promise<WebSocket> {
  for (;;) {
    const socket = new WebSocket(`ws://127.0.0.1:${PORT}/control`, 'cosmos.control.v1');
    const opened = await new Promise((resolve) => {
      socket.on('open', () => resolve(true)).on('error', () => resolve(false));
    });
    if (opened) return socket;
    await pause(0.2);
  }
}

async function measureGraph(node: RosNode, folder: string): Promise<Record<string, number>> {
  // The nodes speak of every emergency stop; of interest is who ends.
  const tell = (line: string) => {
    if (!line.includes('[ERROR]')) console.log(`  ! ${line}`);
  };
  const graph = new SimulatedRobot(node, { seed: '11', operator_port: String(PORT) }, folder, tell);
  try {
    await graph.start(() => {});
    const figures: Record<string, number> = {};
    for (const count of CLIENTS) Object.assign(figures, await measureClients(graph, count));
    console.log(figures);
    const robot = { state: () => graph.controller, release: () => graph.place(11, '') };
    for (const [name, own] of [
      ['whole_graph_key_to_stop', false],
      ['whole_graph_own_share_key_to_stop', true],
    ] as const) {
      Object.assign(figures, summariseKeys(name, await pressSpaceBar(robot, PORT, STOPS, own)));
    }
    return figures;
  } finally {
    await graph.stop();
  }
}

async function measureClients(graph: SimulatedRobot, count: number): Promise<Record<string, number>> {
  const clients = await Clients.start(count);
  // The loop starts anew, and its timing with it.
  await graph.place(11, '');
  await pause(2);
  const usage = new UsageMeter(new Map([['bridge', graph.pids.get('operator_bridge')!]]));
  const [bytes, begin] = [await clients.read(), performance.now()];
  await pause(DURATION);
  const seconds = (performance.now() - begin) / 1000;
  const { cpu_cores, memory_mb } = usage.read().bridge!;
  const { late_p50, late_p99, cycles, missed } = graph.controller!.timing;
  const name = `clients${count}`;
  const figures = {
    [`${name}_MB_per_s`]: ((await clients.read()) - bytes) / 1e6 / seconds,
    [`${name}_bridge_cores`]: cpu_cores,
    [`${name}_bridge_MB`]: memory_mb,
    [`${name}_late_p50_us`]: 1e6 * late_p50,
    [`${name}_late_p99_us`]: 1e6 * late_p99,
    [`${name}_missed_share`]: Number(missed) / Number(cycles + missed),
  };
  await clients.stop();
  return figures;
}

/** Clients in a process of their own. */
class Clients {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(count: number): Promise<Clients> {
    const program = packagePath('dist/bench/operator/clients.js');
    const child = spawn(process.execPath, [program, String(PORT), String(count), ...TOPICS], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const clients = new Clients(child);
    while (count > 0 && (await clients.read()) === 0) await pause(0.2);
    return clients;
  }

  /** Bytes of messages that they have read. */
  async read(): Promise<number> {
    this.#child.stdin!.write('\n');
    const [text] = await once(this.#child.stdout!, 'data');
    return Number(text);
  }

  async stop(): Promise<void> {
    this.#child.stdin!.end();
    await once(this.#child, 'close');
  }
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1e3 * seconds));
}
