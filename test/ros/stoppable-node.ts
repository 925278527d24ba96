/**
 * A node for dds-profile.test.ts, which stops its process meanwhile: offers `answer`, and hears the topic `flood` for nothing.
 */
import { openNode } from '../../src/ros/open-node.js';
import { sensorData } from '../../src/ros/qos.js';

const { node } = await openNode('stoppable');
node.createSubscription('std_msgs/msg/String', 'flood', sensorData(1), () => {});
node.createService('std_srvs/srv/Trigger', 'answer', () => ({ success: true, message: '' }));
