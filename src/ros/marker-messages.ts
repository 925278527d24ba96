import { SafetyLevel } from '../safety/findings.js';
import type { MessageInput, Stamp } from './messages.js';

export type MarkerArray = MessageInput<'visualization_msgs/msg/MarkerArray'>;
type Marker = MessageInput<'visualization_msgs/msg/Marker'>;

/** As in visualization_msgs/msg/Marker. */
const Shape = { sphere: 2, lineStrip: 4, sphereList: 7, text: 9 } as const;
const DELETE_ALL = 3;

type Color = readonly [r: number, g: number, b: number, a: number];

const OBJECT: Color = [0.1, 0.7, 0.9, 0.35];
const TEXT: Color = [1, 1, 1, 1];
const OPEN: Color = [0.2, 0.9, 0.4, 0.9];
const CLOSED: Color = [1, 0.6, 0.1, 0.9];
const LEVELS: Readonly<Record<SafetyLevel, Color>> = {
  [SafetyLevel.ok]: [0.3, 0.9, 0.4, 1],
  [SafetyLevel.warning]: [1, 0.8, 0.2, 1],
  [SafetyLevel.protectiveStop]: [1, 0.5, 0.1, 1],
  [SafetyLevel.emergencyStop]: [1, 0.2, 0.2, 1],
};

/** Deviations that the sphere around an object spans, and its least radius, m. */
const DEVIATIONS = 2;
const LEAST_RADIUS = 0.01;
/** Height of letters, and of a label over its object, m. */
const LETTER = 0.04;
const LABEL = 0.08;
/** Width of a path, and size of its waypoints, m. */
const PATH_WIDTH = 0.006;
const WAYPOINT = 0.014;
/** How long is shown what the model said last, s; height of the text over the head in base_link, m. */
const LIFETIME = { sec: 2, nanosec: 0 };
const OVERHEAD = 1.05;
const SAFETY_LETTER = 0.07;

/**
 * The objects that the model believes in: for each a sphere of two standard deviations, and a label with its name, its
 * deviation in mm, and how sure it is to be there. In the frame of the message.
 */
export function objectMarkers({
  header = {},
  objects = [],
}: MessageInput<'cosmos_humanoid/msg/WorldState'>): MarkerArray {
  const all: Marker[] = [{ header, action: DELETE_ALL }];
  objects.forEach(({ name = '', pose = {}, position_deviation = 0, confidence = 0 }, id) => {
    const diameter = 2 * Math.max(LEAST_RADIUS, DEVIATIONS * position_deviation);
    all.push({
      ...marker(header, 'objects', id, Shape.sphere, OBJECT),
      pose,
      scale: { x: diameter, y: diameter, z: diameter },
      lifetime: LIFETIME,
    });
    const { x = 0, y = 0, z = 0 } = pose.position ?? {};
    const certainty = `±${(1e3 * position_deviation).toFixed(0)} mm, ${(100 * confidence).toFixed(0)} %`;
    all.push({
      ...marker(header, 'labels', id, Shape.text, TEXT),
      pose: { position: { x, y, z: z + diameter / 2 + LABEL }, orientation: { w: 1 } },
      scale: { z: LETTER },
      text: `${name}\n${certainty}`,
      lifetime: LIFETIME,
    });
  });
  return { markers: all };
}

/** The gripper's path of a chunk: a line, and its waypoints, green where the hand is open, orange where it is closed. */
export function pathMarkers(chunk: MessageInput<'cosmos_humanoid/msg/ActionChunk'>): MarkerArray {
  const { header = {}, arm = '', poses = [], gripper = [] } = chunk;
  const points = poses.map(({ position }) => position ?? {});
  const colors = Array.from(gripper, (closing) => rgba(closing > 0.5 ? CLOSED : OPEN));
  const path = { points, colors, lifetime: LIFETIME };
  return {
    markers: [
      { ...marker(header, `${arm}_path`, 0, Shape.lineStrip, OPEN), ...path, scale: { x: PATH_WIDTH } },
      {
        ...marker(header, `${arm}_path`, 1, Shape.sphereList, OPEN),
        ...path,
        scale: { x: WAYPOINT, y: WAYPOINT, z: WAYPOINT },
      },
    ],
  };
}

/** The word of safety_monitor over the robot's head: level, and the worst reason. @param frame of the base */
export function safetyMarkers(
  level: SafetyLevel,
  reasons: readonly string[],
  frame: string,
  stamp: Stamp,
): MarkerArray {
  const title = ['ok', 'warning', 'PROTECTIVE STOP', 'EMERGENCY STOP'][level];
  const header = { stamp, frame_id: frame };
  return {
    markers: [
      {
        ...marker(header, 'safety', 0, Shape.text, LEVELS[level]),
        pose: { position: { z: OVERHEAD }, orientation: { w: 1 } },
        scale: { z: SAFETY_LETTER },
        text: [title, ...reasons.slice(0, 1)].join('\n'),
      },
    ],
  };
}

function marker(header: NonNullable<Marker['header']>, ns: string, id: number, type: number, color: Color): Marker {
  return { header, ns, id, type, pose: { orientation: { w: 1 } }, color: rgba(color) };
}

function rgba([r, g, b, a]: Color): { r: number; g: number; b: number; a: number } {
  return { r, g, b, a };
}
