import rclnodejs from 'rclnodejs';
import { useDdsProfile } from './dds-profile.js';
import { RosNode } from './ros-node.js';

/** A node of a program that is no part of the graph it talks to: a command, a test, a benchmark. */
export interface OpenNode {
  readonly node: RosNode;
  /** Destroys the node and leaves ROS; the process can end then. */
  close(): void;
}

/**
 * Joins the ROS graph as a plain node (no lifecycle, no parameters of its own). One at a time in a process.
 * @param argv ROS arguments, e.g. `['--ros-args', '-r', '__ns:=/robot']`
 */
export async function openNode(name: string, argv: readonly string[] = []): Promise<OpenNode> {
  const context = new rclnodejs.Context();
  useDdsProfile(true);
  await rclnodejs.init(context, [...argv]);
  rclnodejs.removeSignalHandlers();
  const options = new rclnodejs.NodeOptions();
  options.startParameterServices = false;
  const native = new rclnodejs.Node(name, '', context, options);
  const node = new RosNode(native);
  native.spin(20);
  return {
    node,
    close: () => {
      node.destroyEntities();
      native.destroy();
      rclnodejs.shutdown(context);
    },
  };
}
