import rclnodejs from 'rclnodejs';
import type { QosProfile } from '../recorder/qos-profile.js';
import type { Qos } from './qos.js';
import type { RosNode } from './ros-node.js';

const { HistoryPolicy, ReliabilityPolicy, DurabilityPolicy } = rclnodejs.QoS;

/** A publisher or a subscription that the graph knows of. */
export interface Endpoint {
  /** Fully qualified name of its node; 'an unknown node' until that has told it. */
  readonly node: string;
  readonly type: string;
  readonly qos: QosProfile;
}

/** As rclnodejs gives them. */
interface NativeEndpoint {
  readonly node_name: string;
  readonly node_namespace: string;
  readonly topic_type: string;
  readonly qos_profile: { readonly depth: number; readonly reliability: number; readonly durability: number };
}

/** Topics of the graph and their types, hidden ones (of actions) included. */
export function graphTopics(node: RosNode): readonly { readonly name: string; readonly types: readonly string[] }[] {
  return node.native.getTopicNamesAndTypes();
}

/** @param topic fully qualified */
export function publishersOf(node: RosNode, topic: string): Endpoint[] {
  return (node.native.getPublishersInfoByTopic(topic, false) as NativeEndpoint[]).map(endpoint);
}

/** @param topic fully qualified */
export function subscriptionsOf(node: RosNode, topic: string): Endpoint[] {
  return (node.native.getSubscriptionsInfoByTopic(topic, false) as NativeEndpoint[]).map(endpoint);
}

/** A quality of service to publish or to subscribe with. */
export function toQos({ reliability, durability, depth }: QosProfile): Qos {
  return new rclnodejs.QoS(
    HistoryPolicy.RMW_QOS_POLICY_HISTORY_KEEP_LAST,
    depth,
    reliability === 'reliable'
      ? ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_RELIABLE
      : ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT,
    durability === 'transient_local'
      ? DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL
      : DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_VOLATILE,
  );
}

function endpoint({ node_name, node_namespace, topic_type, qos_profile }: NativeEndpoint): Endpoint {
  const { reliability, durability, depth } = qos_profile;
  return {
    node: /UNKNOWN/.test(node_name) ? 'an unknown node' : `${node_namespace.replace(/\/$/, '')}/${node_name}`,
    type: topic_type,
    qos: {
      reliability:
        reliability === ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT ? 'best_effort' : 'reliable',
      durability:
        durability === DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL ? 'transient_local' : 'volatile',
      depth,
    },
  };
}
