import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedRobot } from '../../src/cli/start/simulated-robot.js';
import { openNode } from '../../src/ros/open-node.js';
import { packagePath } from '../../src/ros/package-path.js';
import { reliable } from '../../src/ros/qos.js';
import type { RosNode } from '../../src/ros/ros-node.js';
import { classOf, cyclictest, nicenessOf } from './cyclictest.js';
import type { BenchHardware, Comparison } from './lone-loop.js';

const INSTRUCTION = 'pick up the red cup and place it in the bin';
/** Time for the programs to calm down after the start, and for the last diagnostics to arrive, ms. */
const SETTLE = 5000;
const LAST_REPORT = 1200;

/** A graph that is up, and the benchmark's node in it. */
export interface WholeGraph {
  readonly node: RosNode;
  readonly robot: SimulatedRobot;
}

/** Brings a launch file's graph up on the hardware for as long as `work` takes. @param realtime asks for SCHED_FIFO */
export async function withGraph<T>(
  hardware: BenchHardware,
  realtime: boolean,
  work: (graph: WholeGraph) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-control-'));
  const parameters = join(directory, 'params.yaml');
  const declared = readFileSync(packagePath('config/params.yaml'), 'utf8');
  const head = '/**/joint_controller:\n  ros__parameters:\n';
  if (!declared.includes(head)) throw new Error('config/params.yaml has no parameters of joint_controller');
  writeFileSync(parameters, declared.replace(head, `${head}    realtime: ${realtime}\n`));
  const { node, close } = await openNode('bench_control');
  const simulated = hardware === 'mujoco';
  const robot = new SimulatedRobot(
    node,
    { params_file: parameters, ...(simulated ? { seed: '11', instruction: INSTRUCTION } : {}) },
    directory,
    (line) => {
      // Stops are what is timed here.
      if (!/\b(emergency|protective) stop: /.test(line)) console.error(`  ! ${line}`);
    },
    simulated ? 'launch/sim.launch.xml' : 'launch/hardware.launch.xml',
  );
  try {
    await robot.start((waiting) => console.error(`  waiting for ${waiting}`));
    await new Promise((resolve) => setTimeout(resolve, SETTLE));
    return await work({ node, robot });
  } finally {
    await robot.stop();
    close();
  }
}

/** Times the loop of joint_controller beside cyclictest, while a simulated robot carries out an instruction. */
export async function timeGraphLoop({ node, robot }: WholeGraph, seconds: number): Promise<Comparison> {
  const pid = robot.pids.get('joint_controller');
  if (pid === undefined) throw new Error('joint_controller does not run');
  const scheduling = classOf(pid);
  let latest = new Map<string, number>();
  const diagnostics = node.createSubscription(
    'diagnostic_msgs/msg/DiagnosticArray',
    '/diagnostics',
    reliable(50),
    ({ status }) => {
      const loop = status.find(({ name }) => name === 'joint_controller: loop');
      if (loop !== undefined) latest = new Map(loop.values.map(({ key, value }) => [key, Number(value)]));
    },
  );
  if (robot.controller?.hardware === 'mujoco') await setOut(node);
  const { success } = await node.createClient('std_srvs/srv/Trigger', 'joint_controller/reset_timing').call({});
  if (!success) throw new Error('joint_controller does not count its timing anew');
  const peer = await cyclictest(seconds, scheduling, nicenessOf(pid));
  await new Promise((resolve) => setTimeout(resolve, LAST_REPORT));
  const figure = (key: string): number => latest.get(key) ?? Number.NaN;
  if (diagnostics.received === 0) throw new Error('joint_controller sent no diagnostics');
  return {
    ours: {
      p50: figure('late_p50_us'),
      p99: figure('late_p99_us'),
      p999: figure('late_p999_us'),
      max: figure('late_max_us'),
    },
    peer,
    cycles: figure('cycles'),
    missed: figure('missed'),
    scheduling,
  };
}

/** Gives an instruction, whose outcome is of no interest here. */
async function setOut(node: RosNode): Promise<void> {
  const client = node.createActionClient('cosmos_humanoid/action/ExecuteInstruction', 'execute_instruction');
  if (!(await client.waitForServer(10_000))) throw new Error('task_executive does not offer execute_instruction');
  await client.sendGoal({ instruction: INSTRUCTION, timeout: 0 });
}
