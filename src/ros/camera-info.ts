import { type Intrinsics, intrinsicsToK } from '../perception/camera-model.js';
import type { MessageInput } from './messages.js';

/** The calibration of a camera without distortion. */
export function cameraInfoMessage(
  header: MessageInput<'std_msgs/msg/Header'>,
  intrinsics: Intrinsics,
): MessageInput<'sensor_msgs/msg/CameraInfo'> {
  const { width, height } = intrinsics;
  const k = intrinsicsToK(intrinsics);
  return {
    header,
    width,
    height,
    distortion_model: 'plumb_bob',
    d: new Float64Array(5),
    k,
    r: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    p: [k[0]!, 0, k[2]!, 0, 0, k[4]!, k[5]!, 0, 0, 0, 1, 0],
  };
}
