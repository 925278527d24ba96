import { JointStateWriter } from '../src/ros/joint-state-writer.js';
import type { Stamp } from '../src/ros/messages.js';
import { openNode } from '../src/ros/open-node.js';
import { reliable } from '../src/ros/qos.js';
import { toSeconds } from '../src/ros/time.js';
import { BURST, image, jointState, MESSAGES, type MessageName, PACED } from './transport-messages.js';

// One end of the transport benchmark: `transport-peer.js send|receive ours|rclnodejs MESSAGE COUNT`. Prints a line of
// JSON: a sender the time of each publication of a burst (µs), a receiver the time from the stamp to the callback of
// each message at 100 Hz (µs).

interface Received {
  readonly header: { readonly frame_id: string; readonly stamp: { readonly sec: number; readonly nanosec: number } };
}

const PERIOD = 0.01;

const [role, library, name, count] = process.argv.slice(2) as [string, string, MessageName, string];
const total = Number(count);
const { node, close } = await openNode(`bench_${role}`);
const qos = reliable(10);
const type = MESSAGES[name];

async function send(): Promise<number[]> {
  const make = name === 'image' ? image() : jointState();
  const ours = library === 'ours' ? node.createPublisher(type, 'bench', qos) : undefined;
  const theirs = library === 'ours' ? undefined : node.native.createPublisher(type, 'bench', { qos });
  const writers = name === 'image' ? undefined : jointStateWriters();
  const publish = (frame: Frame): number => {
    const message = make(node.stamp(), frame);
    const begin = performance.now();
    if (ours === undefined) theirs?.publish(message as never);
    else if (writers === undefined) ours.publish(message);
    else ours.publishRaw(writers[frame](message as JointState));
    return (performance.now() - begin) * 1e3;
  };
  while (!(Number(ours?.subscriptionCount ?? theirs?.subscriptionCount) > 0)) await pause(PERIOD);

  for (let i = 0; i < total; i++) publish(BURST);
  const times = Array.from({ length: total }, () => publish(BURST));
  await new Promise<void>((resolve) => {
    let sent = 0;
    const timer = node.createTimer(PERIOD, () => {
      publish(PACED);
      if (++sent < total) return;
      timer.stop();
      resolve();
    });
  });
  // The last messages are still on their way.
  await pause(0.5);
  return times;
}

type Frame = typeof BURST | typeof PACED;
interface JointState {
  readonly header: { readonly stamp: Stamp };
  readonly name: readonly string[];
  readonly position: Float64Array;
  readonly velocity: Float64Array;
  readonly effort: Float64Array;
}

/** As joint_controller publishes joint_states: one writer a frame. */
function jointStateWriters(): Readonly<Record<Frame, (message: JointState) => Buffer>> {
  const { name: names } = jointState()({ sec: 0, nanosec: 0 }, '') as JointState;
  const make = (frame: Frame) => {
    const writer = new JointStateWriter(node.codec('sensor_msgs/msg/JointState'), names, frame);
    return ({ header, position, velocity, effort }: JointState) =>
      writer.write(header.stamp, position, velocity, effort);
  };
  return { [BURST]: make(BURST), [PACED]: make(PACED) };
}

/** Ends a little before the sender does, since it may miss some. */
function receive(): Promise<number[]> {
  const times: number[] = [];
  return new Promise((resolve) => {
    const take = (message: object): void => {
      const { header } = message as Received;
      if (header.frame_id === PACED) times.push((node.now() - toSeconds(header.stamp)) * 1e6);
      if (times.length >= 0.9 * total) resolve(times);
    };
    if (library === 'ours') node.createSubscription(type, 'bench', qos, take);
    else node.native.createSubscription(type, 'bench', { qos }, take as (message: unknown) => void);
  });
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1e3));
}

console.log(JSON.stringify(await (role === 'send' ? send() : receive())));
close();
