import type { MessageInput } from '../ros/messages.js';
import { openNode } from '../ros/open-node.js';
import { reliable, sensorData } from '../ros/qos.js';

const TYPE = 'trajectory_msgs/msg/JointTrajectory';
const TOPIC = 'motion_planner/joint_trajectory';
const PERIOD = 0.01;

/**
 * Another planner, a program of its own: hears a joint trajectory, and once it is told to on its standard input
 * publishes it as its own at 100 Hz, one joint elsewhere. Arguments: index of the joint, offset in rad.
 */
const [joint, offset] = process.argv.slice(2).map(Number);
const { node, close } = await openNode('rival_planner');
let sample: MessageInput<typeof TYPE> | undefined;
node.createSubscription(TYPE, TOPIC, sensorData(1), (message) => {
  if (sample !== undefined) return;
  sample = structuredClone(message) as MessageInput<typeof TYPE>;
  process.stdout.write('ready\n');
});
process.stdin.once('data', () => {
  const publisher = node.createPublisher(TYPE, TOPIC, reliable(1));
  const points = (sample?.points ?? []) as { positions: Float64Array }[];
  for (const { positions } of points) positions[joint!]! += offset!;
  node.createTimer(PERIOD, () => publisher.publish({ ...sample, header: { stamp: node.stamp() } }));
});
// Its input ends with the campaign.
process.stdin.once('end', () => {
  close();
  process.exit();
});
