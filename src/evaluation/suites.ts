/** Tasks that are evaluated together. */
export const suites: Readonly<Record<string, readonly string[]>> = {
  /** The article's six. */
  robolab: [
    'pick_and_place_objects',
    'drawer_manipulation',
    'door_opening',
    'tool_picking',
    'human_handoff',
    'obstacle_navigation',
  ],
};
