import { openNode } from '../ros/open-node.js';
import { reliable } from '../ros/qos.js';

/** A participant that listens, reliably, to what the control path says; a program of its own, which is made to fail. */
const { node } = await openNode('bystander');
const hear = (): void => {};
node.createRawSubscription(
  'trajectory_msgs/msg/JointTrajectory',
  'motion_planner/joint_trajectory',
  reliable(10),
  hear,
);
node.createRawSubscription('cosmos_humanoid/msg/SafetyState', 'safety/state', reliable(10), hear);
node.createRawSubscription('cosmos_humanoid/msg/ActionChunk', 'action_decoder/action_chunk', reliable(10), hear);
process.stdout.write('ready\n');
// The campaign ends it; without the campaign it does not stay.
setInterval(() => {
  if (process.ppid === 1) process.exit();
}, 500);
