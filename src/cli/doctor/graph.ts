import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { Level } from '../../ros/diagnostics.js';
import { graphTopics, publishersOf, subscriptionsOf } from '../../ros/endpoints.js';
import { HEARTBEAT_TOPIC, type Heartbeat, parseHeartbeat } from '../../ros/heartbeat.js';
import type { Message, MessageType } from '../../ros/messages.js';
import { openNode } from '../../ros/open-node.js';
import { packagePath } from '../../ros/package-path.js';
import { latched, reliable, sensorData } from '../../ros/qos.js';
import type { RosNode } from '../../ros/ros-node.js';
import { error, type Finding, ok, reasonOf, warning } from './finding.js';
import { type Edge, mismatches, treeProblems } from './graph-rules.js';

/** Time in which a node of a graph is found on a busy machine, and in which the others follow, s. */
const DISCOVERY = 5;
const SETTLING = 1;
/** New topics are looked for this often, s. */
const POLLING = 0.1;
/** Time in which messages are counted, s. */
const OBSERVATION = 2;
/** Topics that flow all the time, relative to the graph's namespace, who publishes them, and their rates, Hz. */
const RATES: readonly (readonly [topic: string, type: MessageType, publisher: string, rate: number])[] = [
  ['joint_states', 'sensor_msgs/msg/JointState', 'joint_controller', 100],
  ['imu/data', 'sensor_msgs/msg/Imu', 'joint_controller', 100],
  ['joint_controller/state', 'cosmos_humanoid/msg/ControllerState', 'joint_controller', 20],
  ['safety/state', 'cosmos_humanoid/msg/SafetyState', 'safety_monitor', 10],
  ['camera_fusion/observation', 'cosmos_humanoid/msg/FusedObservation', 'camera_fusion', 15],
  ['motion_planner/joint_trajectory', 'trajectory_msgs/msg/JointTrajectory', 'motion_planner', 100],
];
/** A rate below this share of what it should be is worth a warning. */
const SLOW = 0.7;

type Status = Message<'diagnostic_msgs/msg/DiagnosticStatus'>;

/** The graph that runs on this domain, if one does. */
export async function checkGraph(): Promise<Finding[]> {
  let opened: Awaited<ReturnType<typeof openNode>>;
  try {
    opened = await openNode('doctor');
  } catch (thrown) {
    return [error('graph', `cannot join: ${reasonOf(thrown)}`, 'see ros and rclnodejs above')];
  }
  const { node, close } = opened;
  try {
    return await look(node);
  } finally {
    close();
  }
}

async function look(node: RosNode): Promise<Finding[]> {
  const topics = () => graphTopics(node).map(({ name }) => name);
  const beats = await hearBeats(node, topics);
  const domain = process.env.ROS_DOMAIN_ID ?? '0';
  if (beats.size === 0) return [ok('graph', `none runs on ROS domain ${domain}; npm start brings one up`)];

  const [first] = [...beats.keys()];
  const namespace = first!.slice(0, first!.lastIndexOf('/') + 1);
  const counts = count(node, namespace);
  const statuses = listenToDiagnostics(node);
  const edges = listenToTransforms(node, namespace);
  await pause(OBSERVATION);
  return [
    ok('graph', `${beats.size} nodes on ROS domain ${domain}, namespace ${namespace}`),
    ...checkNodes(beats, namespace),
    checkQos(node, topics()),
    ...checkRates(counts, beats, namespace),
    checkTree([...edges.values()]),
    checkDiagnostics(statuses),
  ];
}

/** The heartbeats of a graph, in whatever namespace it lives: of all its nodes, once for a while no other was heard. */
async function hearBeats(node: RosNode, topics: () => string[]): Promise<ReadonlyMap<string, Heartbeat>> {
  const beats = new Map<string, Heartbeat>();
  const heard = new Set<string>();
  let quiet = performance.now() + 1e3 * DISCOVERY;
  while (performance.now() < quiet) {
    for (const topic of topics().filter((name) => name.endsWith(`/${HEARTBEAT_TOPIC}`) && !heard.has(name))) {
      heard.add(topic);
      node.createSubscription('std_msgs/msg/String', topic, sensorData(50), ({ data }) => {
        const beat = parseHeartbeat(data);
        if (beat === undefined) return;
        if (!beats.has(beat.name)) quiet = performance.now() + 1e3 * SETTLING;
        beats.set(beat.name, beat);
      });
    }
    await pause(POLLING);
  }
  return beats;
}

/** Nodes that config/params.yaml has the lifecycle manager bring up. */
function checkNodes(beats: ReadonlyMap<string, Heartbeat>, namespace: string): Finding[] {
  const parameters = parse(readFileSync(packagePath('config/params.yaml'), 'utf8'));
  const names = parameters['/**/lifecycle_manager'].ros__parameters.node_names as string[];
  return names.map((name) => {
    const beat = beats.get(`${namespace}${name}`);
    if (beat === undefined)
      return error(`node ${name}`, 'missing', 'see out/nodes.log for why it ended; start it again');
    if (beat.state !== 'active')
      return error(`node ${name}`, beat.state, 'see its log for why; lifecycle_manager/startup brings it up');
    return ok(`node ${name}`, `active, process ${beat.pid}`);
  });
}

function checkQos(node: RosNode, topics: readonly string[]): Finding {
  const found = topics.flatMap((topic) => {
    const ends = { topic, publishers: publishersOf(node, topic), subscriptions: subscriptionsOf(node, topic) };
    return mismatches(ends);
  });
  if (found.length === 0) return ok('quality of service', `${topics.length} topics, all ends match`);
  return warning(
    'quality of service',
    found.join('; '),
    'let the subscriber ask for what is offered: best effort hears every publisher, volatile too',
  );
}

function count(node: RosNode, namespace: string): ReadonlyMap<string, { received: number }> {
  return new Map(
    RATES.map(([topic, type]) => {
      const counter = { received: 0 };
      node.createRawSubscription(type, `${namespace}${topic}`, sensorData(200), () => counter.received++);
      return [topic, counter];
    }),
  );
}

function checkRates(
  counts: ReadonlyMap<string, { readonly received: number }>,
  beats: ReadonlyMap<string, Heartbeat>,
  namespace: string,
): Finding[] {
  return RATES.map(([topic, , publisher, rate]) => {
    const measured = (counts.get(topic)?.received ?? 0) / OBSERVATION;
    const text = `${measured.toFixed(0)} Hz, should be ${rate} Hz`;
    const check = `rate of ${topic}`;
    if (measured >= SLOW * rate) return ok(check, text);
    if (measured === 0) {
      const isThere = beats.has(`${namespace}${publisher}`);
      const remedy = isThere
        ? `see the log and /diagnostics of ${publisher}`
        : `start ${publisher}, which publishes it`;
      return warning(check, `silent, should be ${rate} Hz`, remedy);
    }
    return warning(check, text, 'the machine is short of CPU: close other programs, or lower the rates in params.yaml');
  });
}

function listenToTransforms(node: RosNode, namespace: string): ReadonlyMap<string, Edge> {
  const edges = new Map<string, Edge>();
  const take = ({ transforms }: Message<'tf2_msgs/msg/TFMessage'>) => {
    for (const { header, child_frame_id: child } of transforms) {
      edges.set(`${header.frame_id} ${child}`, { parent: header.frame_id, child });
    }
  };
  for (const prefix of new Set(['/', namespace])) {
    node.createSubscription('tf2_msgs/msg/TFMessage', `${prefix}tf`, reliable(100), take);
    node.createSubscription('tf2_msgs/msg/TFMessage', `${prefix}tf_static`, latched(100), take);
  }
  return edges;
}

function checkTree(edges: readonly Edge[]): Finding {
  if (edges.length === 0) return warning('tf', 'silent', 'start robot_description, or robot_state_publisher');
  const problems = treeProblems(edges);
  if (problems.length > 0)
    return error('tf', problems.join('; '), 'two nodes publish frames that do not fit: stop one');
  return ok('tf', `one tree of ${edges.length + 1} frames`);
}

function listenToDiagnostics(node: RosNode): ReadonlyMap<string, Status> {
  const statuses = new Map<string, Status>();
  node.createSubscription('diagnostic_msgs/msg/DiagnosticArray', '/diagnostics', reliable(50), ({ status }) => {
    for (const entry of status) statuses.set(entry.name, entry);
  });
  return statuses;
}

function checkDiagnostics(statuses: ReadonlyMap<string, Status>): Finding {
  if (statuses.size === 0) {
    return warning(
      'diagnostics',
      'silent: no node says how it is',
      'look whether the nodes run; each says so every second',
    );
  }
  const bad = [...statuses.values()].filter(({ level }) => level !== Level.ok);
  if (bad.length === 0) return ok('diagnostics', `${statuses.size} statuses, all ok`);
  const text = bad.map(({ name, message }) => `${name}: ${message}`).join('; ');
  const make = bad.some(({ level }) => level === Level.error) ? error : warning;
  return make('diagnostics', text, 'do what each says; its node has more in its log');
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1e3 * seconds));
}
