import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Random } from '../math/random.js';
import type { MessageInput, MessageType } from '../ros/messages.js';
import type { Publisher } from '../ros/publisher.js';
import { reliable, sensorData } from '../ros/qos.js';
import { type Declaration, type Fault, type PreparedFault, TOLERATED } from './fault.js';
import { type FaultedGraph, pause } from './faulted-graph.js';
import { MUTATIONS, type Mutation, mutate } from './message-mutations.js';

/** A topic that the control path subscribes to, and what is declared for what may come on it. */
interface AttackedTopic {
  readonly topic: string;
  readonly type: MessageType;
  /** What is left out is tolerated. */
  readonly declared?: Partial<Record<Mutation, Declaration>>;
  /** Mutations that make no sense. */
  readonly without?: readonly Mutation[];
}

const at = (...causes: Declaration['causes']): Declaration => ({ causes, visibleAfter: 0.02 });
const perhaps = (...causes: Declaration['causes']): Declaration => ({ causes, visibleAfter: 0.02, optional: true });

const NOT_FINITE = at('reference_invalid', 'trajectory_malformed');

const TOPICS: readonly AttackedTopic[] = [
  {
    topic: 'motion_planner/joint_trajectory',
    type: 'trajectory_msgs/msg/JointTrajectory',
    declared: {
      NaN: NOT_FINITE,
      Inf: NOT_FINITE,
      'wrong length': at('trajectory_malformed'),
      'wrong order': perhaps('trajectory_malformed'),
      // 24 KB a message: what else has to come through may come too late.
      flooded: perhaps('topic_silent', 'reference_silent', 'node_silent'),
    },
  },
  {
    topic: 'joint_states',
    type: 'sensor_msgs/msg/JointState',
    declared: {
      NaN: at('joint_not_finite'),
      Inf: at('joint_not_finite'),
      'wrong length': at('joint_states_malformed'),
      'wrong order': at('joint_states_malformed'),
    },
  },
  {
    topic: 'imu/data',
    type: 'sensor_msgs/msg/Imu',
    // A flood of copies may leave no room for anything else: then the values stand still.
    declared: { NaN: at('imu_invalid'), Inf: at('imu_invalid'), flooded: perhaps('imu_frozen') },
  },
  { topic: 'joint_controller/state', type: 'cosmos_humanoid/msg/ControllerState', without: ['wrong length'] },
  { topic: 'safety/state', type: 'cosmos_humanoid/msg/SafetyState' },
  { topic: 'action_decoder/action_chunk', type: 'cosmos_humanoid/msg/ActionChunk' },
  { topic: 'cosmos/action_prediction', type: 'cosmos_humanoid/msg/ActionPrediction' },
  { topic: 'camera_fusion/observation', type: 'cosmos_humanoid/msg/FusedObservation', without: ['flooded'] },
  { topic: 'head_camera/depth/image_raw', type: 'sensor_msgs/msg/Image', without: ['flooded', 'wrong order'] },
  { topic: 'head_camera/color/camera_info', type: 'sensor_msgs/msg/CameraInfo', without: ['wrong length'] },
  { topic: 'heartbeats', type: 'std_msgs/msg/String' },
];

/** How often a wrong message is sent, and the time between, s. */
const REPEATS = 5;
const PERIOD = 0.01;
/** A flood, messages a second for so long, s. */
const FLOOD = 10_000;
const FLOOD_TIME = 0.5;
const FLOOD_BURST = 0.002;
/** How long another publisher sends commands of its own, s, and how far from the planner's, rad. */
const RIVAL_TIME = 4;
const RIVAL_OFFSET = 0.3;
const RIVAL_JOINT = 'right_elbow_joint';
/** The program that does so; the loop knows of its publisher within this time, s, before which it hears nothing of it. */
const RIVAL = fileURLToPath(new URL('./rival.js', import.meta.url));
const DISCOVERY = 3;

/** Wrong messages on every topic that the control path subscribes to, and another publisher of commands. */
export function messageFaults(): Fault[] {
  const wrong = TOPICS.flatMap((attacked) =>
    MUTATIONS.filter((mutation) => attacked.without?.includes(mutation) !== true).map((mutation) => ({
      name: `${mutation} ${attacked.topic}`,
      prepare: (random: Random) => wrongMessage(attacked, mutation, random),
    })),
  );
  return [...wrong, { name: 'second publisher motion_planner/joint_trajectory', prepare: rivalPlanner }];
}

function wrongMessage({ topic, type, declared }: AttackedTopic, mutation: Mutation, random: Random): PreparedFault {
  const flood = mutation === 'flooded';
  const cut = random.uniform(0.1, 0.9);
  let line: Line | undefined;
  let bytes: Buffer | undefined;
  return {
    detail: flood ? `${FLOOD} Hz for ${FLOOD_TIME} s` : `${REPEATS} messages`,
    declared: declared?.[mutation] ?? TOLERATED,
    duration: flood ? FLOOD_TIME : REPEATS * PERIOD,
    silences: false,
    disarranges: false,
    arm: async (graph) => {
      line = await openLine(graph, type, topic);
      bytes = wrongBytes(graph, type, line.sample, mutation, cut);
    },
    inject: (graph) => {
      if (line === undefined || bytes === undefined) return;
      const [copies, period, time] = flood
        ? [FLOOD * FLOOD_BURST, FLOOD_BURST, FLOOD_TIME]
        : [1, PERIOD, REPEATS * PERIOD];
      if (topic === 'joint_controller/state') graph.deafFor(time + 0.1);
      line.send(bytes, copies, period, time);
    },
    repair: () => line?.close(),
  };
}

/** @returns undefined where such a message cannot be wrong in this way */
function wrongBytes<T extends MessageType>(
  graph: FaultedGraph,
  type: T,
  sample: object,
  mutation: Mutation,
  cut: number,
): Buffer | undefined {
  const codec = graph.node.codec(type);
  const changed = mutate(sample, mutation);
  if (changed === undefined) return undefined;
  try {
    const bytes = Buffer.from(codec.encode(changed as MessageInput<T>));
    return mutation === 'malformed' ? bytes.subarray(0, Math.max(5, Math.floor(cut * bytes.length))) : bytes;
  } catch {
    // Arrays of fixed length cannot be encoded otherwise.
    return undefined;
  }
}

/** Somebody else plans too: the same trajectory with one joint elsewhere, at the planner's rate. */
function rivalPlanner(random: Random): PreparedFault {
  const offset = random.pick([-1, 1]) * RIVAL_OFFSET;
  let rival: ChildProcess | undefined;
  return {
    detail: `${RIVAL_JOINT} ${offset} rad off, 100 Hz for ${RIVAL_TIME} s`,
    declared: { causes: ['foreign_commands', 'reference_silent'], visibleAfter: DISCOVERY },
    duration: RIVAL_TIME,
    silences: false,
    disarranges: true,
    arm: async (graph) => {
      const joint = graph.jointNames.indexOf(RIVAL_JOINT);
      const child = spawn(process.execPath, [RIVAL, String(joint), String(offset)], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      rival = child;
      await new Promise<void>((resolve) => {
        child.stdout.once('data', () => resolve());
        child.once('exit', () => resolve());
      });
    },
    inject: () => {
      rival?.stdin?.write('go\n');
    },
    repair: () => {
      rival?.stdin?.end();
    },
  };
}

/** A publisher on a topic of the graph, and a message that was heard there. */
interface Line {
  readonly sample: object;
  /** Sends `copies` at once, and again every `period` until `time` has passed, s. */
  send(this: void, bytes: Buffer, copies: number, period: number, time: number): void;
  close(): void;
}

async function openLine(graph: FaultedGraph, type: MessageType, topic: string): Promise<Line> {
  const { node } = graph;
  const scope = node.beginScope();
  let sample: object | undefined;
  node.createSubscription(type, topic, sensorData(1), (message) => {
    sample ??= message as object;
  });
  const publisher = node.createPublisher(type, topic, reliable(1)) as Publisher<MessageType>;
  const release = scope.end();
  const ready = () => publisher.subscriptionCount > 1 && sample !== undefined;
  for (let waited = 0; waited < 3 && !ready(); waited += 0.02) await pause(0.02);
  if (sample === undefined) {
    // Nobody speaks on the topic now: a message of zeros is wrong enough.
    sample = node.codec(type).decode(Buffer.from(node.codec(type).encode({}))) as object;
  }
  let timer: NodeJS.Timeout | undefined;
  return {
    sample,
    send: (bytes, copies, period, time) => {
      const end = performance.now() + 1e3 * time;
      const burst = () => {
        for (let k = 0; k < copies; k++) publisher.publishRaw(bytes);
        if (performance.now() >= end) clearInterval(timer);
      };
      burst();
      if (time > 0) timer = setInterval(burst, 1e3 * period);
    },
    close: () => {
      clearInterval(timer);
      release();
    },
  };
}
