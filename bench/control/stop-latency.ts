import { createLoopSnapshot } from '../../src/control/loop-snapshot.js';
import { monotonicSeconds } from '../../src/control/monotonic-clock.js';
import { StopMode } from '../../src/control/stop-state.js';
import type { Message } from '../../src/ros/messages.js';
import { latched, reliable, sensorData } from '../../src/ros/qos.js';
import { toSeconds } from '../../src/ros/time.js';
import { SafetyLevel } from '../../src/safety/findings.js';
import { startLoop } from './lone-loop.js';
import type { WholeGraph } from './whole-graph.js';

/** Nothing takes longer, s; what does has failed. */
const PATIENCE = 10;
/** A measurement is best effort: the next one may come before safety_monitor reads it. One without a stop for so long, s, was lost. */
const LOST = 1;

/** From the demand of an emergency stop in shared memory to the loop's reaction, one entry a trial. */
export interface LoopStopLatency {
  /** Cycles that began after the demand, up to and with the one that damped. */
  readonly cycles: number[];
  /** To the begin of that cycle, ms. */
  readonly milliseconds: number[];
}

/** Demands emergency stops of a loop on mock hardware at random moments of its cycle. */
export async function loopStopLatency(trials: number, realtime: boolean): Promise<LoopStopLatency> {
  const loop = await startLoop('mock', realtime);
  const { shared } = loop;
  const snapshot = createLoopSnapshot(shared.layout);
  const outcome: LoopStopLatency = { cycles: [], milliseconds: [] };
  try {
    for (let trial = 0; trial < trials; trial++) {
      const begin = monotonicSeconds() + 1e-3 * Math.random();
      while (monotonicSeconds() < begin);
      shared.readSnapshot(snapshot);
      let seen = snapshot.state.time;
      const demanded = monotonicSeconds();
      shared.demandStop(StopMode.damping);
      let cycles = 0;
      do {
        if (monotonicSeconds() > demanded + PATIENCE) throw new Error('the loop does not obey an emergency stop');
        shared.readSnapshot(snapshot);
        if (snapshot.state.time > seen && snapshot.state.time > demanded) cycles++;
        seen = snapshot.state.time;
        // Damping takes the stiffness of every joint away.
      } while (snapshot.command.kp.some((gain) => gain !== 0));
      outcome.cycles.push(cycles);
      outcome.milliseconds.push(1e3 * (snapshot.state.time - demanded));
      shared.demandStop(StopMode.running);
      while (shared.readStatus().stopMode !== StopMode.running) {
        const ticket = shared.requestReset();
        while (shared.resetOutcome(ticket) === undefined) await pause(1);
      }
    }
    return outcome;
  } finally {
    await loop.stop();
  }
}

/** Ways of a stop through the graph: an emergency stop that is asked for, or a protective one. */
export const STOP_PATHS = ['topic', 'service', 'measurement'] as const;
export type StopPath = (typeof STOP_PATHS)[number];

/** From a request or a fault outside of safety_monitor to the loop's reaction, ms, one entry a trial. */
export interface GraphStopLatency {
  /** From the message on or the call of safety/emergency_stop, or from that of a measurement that is no number. */
  readonly total: number[];
  /** From the judgement of safety_monitor, by the stamp of safety/state. */
  readonly fromMonitor: number[];
  /** Trials without a stop of that kind: the measurement was lost, or the robot stopped for another cause meanwhile. */
  skipped: number;
}

/** Causes stops in a graph and resets them; the loop says to the cycle when it damped, or held. */
export async function graphStopLatency(
  { node }: WholeGraph,
  path: StopPath,
  trials: number,
): Promise<GraphStopLatency> {
  let controller: Message<'cosmos_humanoid/msg/ControllerState'> | undefined;
  let judged = 0;
  const stopLevel = path === 'measurement' ? SafetyLevel.protectiveStop : SafetyLevel.emergencyStop;
  let level: number = SafetyLevel.ok;
  const state = node.createSubscription(
    'cosmos_humanoid/msg/ControllerState',
    'joint_controller/state',
    sensorData(1),
    (message) => {
      controller = message;
    },
  );
  node.createSubscription('cosmos_humanoid/msg/SafetyState', 'safety/state', latched(10), (message) => {
    if (message.level >= stopLevel && level < stopLevel) {
      judged = toSeconds(message.header.stamp);
    }
    level = message.level;
  });
  const stop = node.createClient('std_srvs/srv/Trigger', 'safety/emergency_stop');
  const request = node.createPublisher('std_msgs/msg/Empty', 'safety/emergency_stop', reliable());
  const reset = node.createClient('std_srvs/srv/Trigger', 'safety/reset');
  const joints = node.createPublisher('sensor_msgs/msg/JointState', 'joint_states', sensorData());
  /** The measured posture, but for one joint. */
  const broken = (): Float64Array => {
    const position = Float64Array.from(controller?.position ?? []);
    position[0] = Number.NaN;
    return position;
  };
  const within = async (seconds: number, holds: () => boolean): Promise<boolean> => {
    const deadline = performance.now() + 1e3 * seconds;
    while (!holds()) {
      if (performance.now() > deadline) return false;
      await pause(1);
    }
    return true;
  };
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    if (!(await within(PATIENCE, holds))) throw new Error(`never came true: ${what}`);
  };
  const wanted = path === 'measurement' ? StopMode.hold : StopMode.damping;
  const running = (): boolean => controller?.mode === StopMode.running && level < SafetyLevel.protectiveStop;
  /** Again where something else stops the robot meanwhile, such as the load of the run before. */
  const release = async (): Promise<void> => {
    const deadline = performance.now() + 1e3 * PATIENCE;
    do {
      if (performance.now() > deadline) throw new Error('safety_monitor keeps the robot stopped');
      await reset.call({});
      await pause(60);
    } while (!running());
  };
  const outcome: GraphStopLatency = { total: [], fromMonitor: [], skipped: 0 };
  await until(`messages on ${state.topic}`, () => controller !== undefined);
  await until('safety_monitor listens', () => request.subscriptionCount > 0);
  for (let trial = 0; trial < trials; trial++) {
    await release();
    await pause(20 * Math.random());
    // Where the robot has stopped by itself meanwhile, there is nothing to measure.
    if (!running()) {
      outcome.skipped++;
      continue;
    }
    const begin = node.now();
    if (path === 'measurement') joints.publish({ header: { stamp: node.stamp() }, position: broken() });
    else if (path === 'topic') request.publish({});
    else await stop.call({});
    const stops = (): boolean => controller?.mode === wanted && judged >= begin;
    if (path === 'measurement' && !(await within(LOST, stops))) {
      outcome.skipped++;
      continue;
    }
    await until('the loop stops', stops);
    const stopped = toSeconds(controller?.mode_since ?? { sec: 0, nanosec: 0 });
    outcome.total.push(1e3 * (stopped - begin));
    outcome.fromMonitor.push(1e3 * (stopped - judged));
  }
  await release();
  return outcome;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
