import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { InstructionMatcher } from '../cosmos/instruction-matcher.js';
import { Robot } from '../robot/robot.js';
import { openNode } from '../ros/open-node.js';
import { packagePath } from '../ros/package-path.js';
import { sensorData } from '../ros/qos.js';
import { loadTask } from '../sim/scene.js';
import { SUPPORTS } from '../sim/support.js';
import { oneOf, parseOptions, wholeNumber } from './options.js';
import { SIGNALS } from './signals.js';
import { LatencyProbe, stages } from './start/latency-probe.js';
import { UsageMeter } from './start/process-usage.js';
import { SimulatedRobot } from './start/simulated-robot.js';
import { Witness } from './start/witness.js';

const usage = `
npm start -- [options]

Brings the simulated H2 Plus up on a ROS 2 graph, carries out an instruction with the trained policy and stays up for
more. Exit code: 0 success, 2 the task failed, 1 an error.

  --instruction S  what to do (the task's first: "pick up the red cup and place it in the bin")
  --once           end after one instruction
  --seed N         places the objects (11); every further instruction finds them placed anew
  --task TASK      task in config/scenes (pick_and_place)
  --support WHAT   what carries the robot: its feet, on which it keeps its balance, with a harness that catches it
                   (harness) or without (ground); or a gantry (harness, with --emulator gantry)
  --emulator       drive an emulated H2 Plus over the real robot's messages (with --once)
  --headless       no rviz2, even where it is installed
  --record         record the topics into out/bags (config/params.yaml), for npm run replay and npm run dataset
  --out DIR        pictures and the nodes' output (out)
  --json FILE      write the figures
`;

const { values } = parseOptions(usage, {
  instruction: { type: 'string' },
  once: { type: 'boolean', default: false },
  seed: { type: 'string', default: '11' },
  task: { type: 'string', default: 'pick_and_place' },
  support: { type: 'string' },
  emulator: { type: 'boolean', default: false },
  headless: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
  out: { type: 'string', default: 'out' },
  json: { type: 'string' },
});

/** After the objects were placed, until the cameras have seen them, ms. */
const settleTime = 1500;

/** Time that an instruction may take in the graph, s. */
const timeout = 25;

/** As in launch/stack.launch.xml. */
const OPERATOR_PAGE = 'http://localhost:8765';

const say = (text: string) => console.log(text);

/** @returns the exit code */
async function main(): Promise<number> {
  if (values.emulator && !values.once) throw new Error('--emulator places the objects once only: it needs --once');
  const seed = wholeNumber('seed', values.seed);
  const task = loadTask(packagePath(`config/scenes/${values.task}.yaml`));
  const matcher = new InstructionMatcher([
    { task: task.task, instructions: task.instructions.flatMap(({ texts }) => texts) },
  ]);
  const first = matcher.match(values.instruction ?? task.instructions[0]!.texts[0]!);
  if (!first.known) throw new Error(first.message);
  const robot = Robot.load(packagePath('config/robot.yaml'));

  const { node, close } = await openNode('cosmos_start');
  // The emulated robot shares the machine with all that drives it.
  const robotArguments = values.emulator
    ? { hardware: 'unitree_h2', emulator: 'true', confirmed: 'true', patience: '5.0' }
    : {};
  const graph = new SimulatedRobot(
    node,
    {
      seed: String(seed),
      task: values.task,
      instruction: first.instruction,
      record: String(values.record),
      support: oneOf('support', values.support ?? (values.emulator ? 'gantry' : 'harness'), SUPPORTS),
      ...robotArguments,
    },
    values.out,
    (line) => say(`  ! ${line}`),
    values.emulator ? 'launch/hardware.launch.xml' : 'launch/sim.launch.xml',
  );
  let interrupted = false;
  let interrupt = () => {};
  // An action whose server has ended is never answered.
  const interruption = new Promise<never>((_, reject) => {
    interrupt = () => {
      interrupted = true;
      void graph.stop().finally(() => reject(new Error('interrupted')));
    };
  });
  interruption.catch(() => {});
  for (const signal of SIGNALS) process.on(signal, interrupt);

  try {
    say('bringing the robot up');
    const started = performance.now();
    await Promise.race([graph.start((waiting) => say(`  waiting for ${waiting}`)), interruption]);
    say(`  all nodes active after ${((performance.now() - started) / 1000).toFixed(1)} s`);
    say(`  operator page: ${OPERATOR_PAGE}`);

    // Pictures take seconds of computing; they give way to the robot. What was started before keeps its priority.
    setPriority(10);
    const witness = await Witness.create(robot, task);
    node.createSubscription('cosmos_humanoid/msg/SimState', 'sim/state', sensorData(1), (m) => witness.observe(m));
    const probe = new LatencyProbe(node);
    const executive = node.createActionClient('cosmos_humanoid/action/ExecuteInstruction', 'execute_instruction');
    if (!(await executive.waitForServer(10000))) throw new Error('task_executive does not offer execute_instruction');
    while (!witness.ready && !interrupted) await pause(50);

    /** Carries out an instruction; resolves with its figures. */
    const carryOut = async (instruction: string) => {
      await witness.picture(values.out, 'start');
      probe.reset();
      witness.judge(instruction);
      const usageMeter = new UsageMeter(graph.pids);
      const begun = performance.now();
      say(`\n"${instruction}"`);
      let stage = '';
      const sent = executive.sendGoal({ instruction, timeout }, (feedback) => {
        const { stage: now, elapsed, confidence } = feedback as { stage: string; elapsed: number; confidence: number };
        if (now !== stage) say(`  ${elapsed.toFixed(1).padStart(5)} s  ${now} (confidence ${confidence.toFixed(2)})`);
        stage = now;
      });
      const goal = await Promise.race([sent, interruption]);
      if (!goal.isAccepted()) throw new Error('task_executive refused the instruction; see nodes.log');
      const result = (await Promise.race([goal.getResult(), interruption])) as {
        success: boolean;
        message: string;
        duration: number;
      };
      const duration = (performance.now() - begun) / 1000;
      const nodes = usageMeter.read();
      // The hand has let go a moment before the success test has held for its second.
      for (let wait = 0; wait < 30 && !witness.succeeded && !interrupted; wait++) await pause(100);
      await witness.picture(values.out, 'end');
      const timing = graph.controller!.timing;
      return {
        success: witness.succeeded,
        cause: witness.succeeded ? '' : witness.cause,
        reported: { success: result.success, message: result.message },
        duration_s: duration,
        instruction,
        seed,
        latency_ms: probe.report(),
        loop: {
          late_us: { p50: 1e6 * timing.late_p50, p99: 1e6 * timing.late_p99, max: 1e6 * timing.late_max },
          cycles: Number(timing.cycles),
          missed: Number(timing.missed),
        },
        real_time_factor: witness.realTimeFactor,
        nodes,
      };
    };

    let layout = seed;
    let figures = await carryOut(first.instruction);
    describe(figures);
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);
    const success = figures.success;

    if (!values.once) {
      const terminal = createInterface({ input: process.stdin, output: process.stdout });
      for (const signal of SIGNALS) process.on(signal, () => terminal.close());
      terminal.setPrompt('\ninstruction (empty to end)> ');
      terminal.prompt();
      for await (const line of terminal) {
        if (line.trim() === '' || interrupted) break;
        const matched = matcher.match(line);
        if (!matched.known) {
          say(`  ${matched.message}`);
        } else {
          layout++;
          await graph.place(layout, matched.instruction);
          await pause(settleTime);
          figures = await carryOut(matched.instruction);
          describe(figures);
        }
        terminal.prompt();
      }
      terminal.close();
    }
    return interrupted && values.once ? 1 : success ? 0 : 2;
  } finally {
    await graph.stop();
    close();
  }
}

type Figures = {
  success: boolean;
  cause: string;
  reported: { message: string };
  duration_s: number;
  latency_ms: ReturnType<LatencyProbe['report']>;
  loop: { late_us: { p50: number; p99: number; max: number }; missed: number; cycles: number };
  real_time_factor: number;
  nodes: ReturnType<UsageMeter['read']>;
};

function describe({ success, cause, reported, duration_s, latency_ms, loop, real_time_factor, nodes }: Figures): void {
  say(success ? `\ndone in ${duration_s.toFixed(1)} s` : `\nnot done: ${cause} (the robot says: ${reported.message})`);
  say('\n  latency, ms                 p50     p99');
  for (const stage of stages) {
    const figure = latency_ms[stage];
    if (figure)
      say(`    ${stage.padEnd(20)} ${figure.p50.toFixed(1).padStart(8)} ${figure.p99.toFixed(1).padStart(7)}`);
  }
  const { late_us, missed, cycles } = loop;
  say(
    `  1 kHz loop late by ${late_us.p50.toFixed(0)} µs p50, ${late_us.p99.toFixed(0)} p99, ${late_us.max.toFixed(0)} max; ${missed} of ${cycles} cycles missed`,
  );
  say(`  real-time factor ${real_time_factor.toFixed(3)}`);
  const total = Object.values(nodes).reduce((sum, { cpu_cores }) => sum + cpu_cores, 0);
  const memory = Object.values(nodes).reduce((sum, { memory_mb }) => sum + memory_mb, 0);
  say(
    `  ${total.toFixed(2)} cores and ${memory.toFixed(0)} MB by ${Object.keys(nodes).length} nodes; pictures in ${values.out}/`,
  );
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

process.exitCode = await main().catch((error: Error) => {
  console.error(`start: ${error.message}`);
  return 1;
});
