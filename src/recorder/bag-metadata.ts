import { stringify } from 'yaml';
import { describeQos, type QosProfile } from './qos-profile.js';

/** Version of rosbag2's metadata.yaml: that of ROS 2 Jazzy. */
const VERSION = 9;

/** A topic of a recording. */
export interface RecordedTopic {
  /** Fully qualified. */
  readonly name: string;
  /** e.g. 'sensor_msgs/msg/Image' */
  readonly type: string;
  /** Definition of the type, with those of nested types. */
  readonly definition: string;
  /** REP-2011 hash of the type; '' where it is not known. */
  readonly typeHash: string;
  /** Of each publisher. */
  readonly offeredQos: readonly QosProfile[];
}

/** One file of a recording. Times in ns since the epoch, ns. */
export interface FileSummary {
  readonly name: string;
  readonly start: bigint;
  readonly duration: bigint;
  readonly messages: bigint;
}

/**
 * The text of metadata.yaml, by which `ros2 bag` and others know a directory for a bag.
 * @param counts messages of each topic
 * @param distribution ROS distribution, e.g. 'jazzy'
 */
export function bagMetadata(
  topics: readonly RecordedTopic[],
  counts: readonly bigint[],
  files: readonly FileSummary[],
  distribution: string,
): string {
  const filled = files.filter(({ messages }) => messages > 0n);
  const [first, last] = [filled[0], filled.at(-1)];
  const start = first?.start ?? 0n;
  const end = last === undefined ? start : last.start + last.duration;
  return stringify({
    rosbag2_bagfile_information: {
      version: VERSION,
      storage_identifier: 'mcap',
      duration: { nanoseconds: end - start },
      starting_time: { nanoseconds_since_epoch: start },
      message_count: files.reduce((sum, { messages }) => sum + messages, 0n),
      topics_with_message_count: topics.map(({ name, type, typeHash, offeredQos }, i) => ({
        topic_metadata: {
          name,
          type,
          serialization_format: 'cdr',
          offered_qos_profiles: offeredQos.map(describeQos),
          type_description_hash: typeHash,
        },
        message_count: counts[i],
      })),
      compression_format: '',
      compression_mode: '',
      relative_file_paths: files.map(({ name }) => name),
      files: files.map(({ name, start: begin, duration, messages }) => ({
        path: name,
        starting_time: { nanoseconds_since_epoch: begin },
        duration: { nanoseconds: duration },
        message_count: messages,
      })),
      custom_data: {},
      ros_distro: distribution,
    },
  });
}
