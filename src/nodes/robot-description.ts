import { jointTransforms } from '../robot/joint-transforms.js';
import { Robot } from '../robot/robot.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { latched, reliable, sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { transformAt } from '../ros/transforms.js';

const PARAMETERS = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  rate: { type: 'double', default: 20, minimum: 1, maximum: 500, description: 'Highest rate of /tf, Hz.' },
} as const satisfies ParameterDeclarations;

/** Publishes robot_description, /tf_static and, from joint_states, /tf, where robot_state_publisher is absent. */
function create(node: HumanoidNode<typeof PARAMETERS>): NodeHooks {
  let urdf = '';
  return {
    configure() {
      urdf = Robot.load(packagePath(node.parameters.robot)).urdf.text;
    },
    activate() {
      node.createPublisher('std_msgs/msg/String', 'robot_description', latched()).publish({ data: urdf });
      const joints = jointTransforms(urdf);
      const fixed = joints.filter((joint) => joint.fixed);
      const stamp = node.stamp();
      const statics = node.createPublisher('tf2_msgs/msg/TFMessage', '/tf_static', latched());
      statics.publish({ transforms: fixed.map((joint) => transformAt(joint, 0, stamp)) });

      const moving = new Map(joints.filter((joint) => !joint.fixed).map((joint) => [joint.name, joint]));
      const tf = node.createPublisher('tf2_msgs/msg/TFMessage', '/tf', reliable(100));
      let due = 0;
      node.createSubscription(
        'sensor_msgs/msg/JointState',
        'joint_states',
        sensorData(1),
        ({ header, name, position }) => {
          due = performance.now() + 1e3 / node.parameters.rate;
          const transforms = name.flatMap((joint, i) => {
            const known = moving.get(joint);
            return known === undefined || !Number.isFinite(position[i])
              ? []
              : [transformAt(known, position[i]!, header.stamp)];
          });
          tf.publish({ transforms });
        },
        () => performance.now() >= due,
      );
    },
  };
}

await runNode({ name: 'robot_description', niceness: 5, parameters: PARAMETERS, autostart: true, create });
