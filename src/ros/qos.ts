import rclnodejs from 'rclnodejs';

const { HistoryPolicy, ReliabilityPolicy, DurabilityPolicy } = rclnodejs.QoS;

/** Quality of service of a topic. */
export type Qos = rclnodejs.QoS;

/** Best effort, volatile: for measurements, of which only the newest matters. */
export function sensorData(depth = 5): Qos {
  return make(depth, ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT, false);
}

/** Reliable, volatile. */
export function reliable(depth = 10): Qos {
  return make(depth, ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_RELIABLE, false);
}

/** Reliable, transient local: who comes late receives the last `depth` messages. */
export function latched(depth = 1): Qos {
  return make(depth, ReliabilityPolicy.RMW_QOS_POLICY_RELIABILITY_RELIABLE, true);
}

function make(depth: number, reliability: rclnodejs.QoS.ReliabilityPolicy, transientLocal: boolean): Qos {
  return new rclnodejs.QoS(
    HistoryPolicy.RMW_QOS_POLICY_HISTORY_KEEP_LAST,
    depth,
    reliability,
    transientLocal
      ? DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL
      : DurabilityPolicy.RMW_QOS_POLICY_DURABILITY_VOLATILE,
  );
}
