import type { Scene, SceneBody, ScenePart } from '../scene-bodies.js';

/** Half the height of a part that stands as it was made, m. */
function halfHeight({ shape, size }: ScenePart): number {
  switch (shape) {
    case 'box':
    case 'cylinder':
      return size[2] / 2;
    case 'sphere':
      return size[0];
    case 'capsule':
      return size[0] + size[2] / 2;
  }
}

function solidParts({ parts }: SceneBody): readonly ScenePart[] {
  return parts.filter(({ solid }) => solid);
}

/** The highest point of a body above its origin, m. */
export function topOf(body: SceneBody): number {
  return Math.max(...solidParts(body).map((part) => part.position[2] + halfHeight(part)));
}

/** How far the lowest point of a body is below its origin, m. */
export function bottomOf(body: SceneBody): number {
  return Math.max(...solidParts(body).map((part) => halfHeight(part) - part.position[2]));
}

/** Half the width of a body along its y axis about its origin, m. */
export function halfWidthOf(body: SceneBody): number {
  return Math.max(
    ...solidParts(body).map(
      ({ shape, size, position }) => Math.abs(position[1]) + (shape === 'box' ? size[1] / 2 : size[0]),
    ),
  );
}

/** Height above its origin at which a body bears what stands on its middle, m. */
export function bearingHeight(body: SceneBody): number {
  const below = solidParts(body).filter(({ shape, size, position }) => {
    const [x, y] = shape === 'box' ? [size[0] / 2, size[1] / 2] : [size[0], size[0]];
    return Math.abs(position[0]) < x && Math.abs(position[1]) < y;
  });
  return Math.max(...below.map((part) => part.position[2] + halfHeight(part)));
}

/** Height of the table's top in base_link, for a pelvis at the scene's height, m. @throws Error where there is no table */
export function tableHeight({ bodies, robot }: Scene): number {
  const { table } = bodies;
  if (table === undefined) throw new Error("the scene has no body 'table'");
  return table.position[2] + topOf(table) - robot.pelvis_height;
}
