import { XMLParser } from 'fast-xml-parser';

/** A revolute joint as the URDF states it: links by name, limits in rad, N·m and rad/s. */
export interface UrdfJoint {
  readonly name: string;
  readonly parent: string;
  readonly child: string;
  readonly lower: number;
  readonly upper: number;
  readonly effort: number;
  readonly velocity: number;
}

/** What the suite reads from a URDF itself; kinematics and inertia are left to MuJoCo, which loads the same file. */
export interface Urdf {
  readonly name: string;
  /** The document itself. */
  readonly text: string;
  /** Movable joints in document order, which is the order of every joint vector in the suite. */
  readonly joints: readonly UrdfJoint[];
  readonly links: ReadonlySet<string>;
  /** Names of the collision geometries. */
  readonly shapes: readonly string[];
  /** rgba of each named collision geometry, taken from the visual of the same name. */
  readonly colors: ReadonlyMap<string, readonly number[]>;
}

interface XmlElement {
  readonly name?: string;
  readonly type?: string;
  readonly link?: string;
  readonly rgba?: string;
  readonly lower?: string;
  readonly upper?: string;
  readonly effort?: string;
  readonly velocity?: string;
  readonly parent?: XmlElement;
  readonly child?: XmlElement;
  readonly limit?: XmlElement;
  readonly color?: XmlElement;
  readonly material?: XmlElement[];
  readonly visual?: XmlElement[];
  readonly collision?: XmlElement[];
  readonly joint?: XmlElement[];
}

/**
 * Reads names, limits and colours.
 * @throws Error where the text is no URDF or a movable joint lacks a limit.
 */
export function parseUrdf(text: string, file = 'URDF'): Urdf {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    isArray: (name, _path, _isLeaf, isAttribute) =>
      !isAttribute && ['link', 'joint', 'visual', 'collision', 'material'].includes(name),
  });
  const robot = (parser.parse(text) as { robot?: XmlElement & { link?: XmlElement[] } }).robot;
  if (robot === undefined) throw new Error(`${file}: no <robot> element; expected a URDF`);
  const links = (robot.link as unknown as XmlElement[] | undefined) ?? [];

  const palette = new Map<string, readonly number[]>();
  for (const material of robot.material ?? []) {
    if (material.color?.rgba !== undefined)
      palette.set(material.name ?? '', material.color.rgba.split(' ').map(Number));
  }
  const colors = new Map<string, readonly number[]>();
  for (const link of links) {
    for (const visual of link.visual ?? []) {
      const color = palette.get(visual.material?.[0]?.name ?? '');
      if (visual.name !== undefined && color !== undefined) colors.set(visual.name, color);
    }
  }

  const shapes = links.flatMap((link) => (link.collision ?? []).map((collision) => collision.name ?? ''));

  const joints: UrdfJoint[] = [];
  for (const joint of robot.joint ?? []) {
    if (joint.type === 'fixed') continue;
    const name = joint.name ?? '';
    if (joint.type !== 'revolute')
      throw new Error(`${file}: joint ${name}: type ${joint.type}; expected revolute or fixed`);
    const limit = joint.limit;
    const [lower, upper, effort, velocity] = [limit?.lower, limit?.upper, limit?.effort, limit?.velocity].map(Number);
    if (![lower, upper, effort, velocity].every(Number.isFinite)) {
      throw new Error(`${file}: joint ${name}: <limit> must give lower, upper, effort and velocity`);
    }
    joints.push({
      name,
      parent: joint.parent?.link ?? '',
      child: joint.child?.link ?? '',
      lower: lower as number,
      upper: upper as number,
      effort: effort as number,
      velocity: velocity as number,
    });
  }
  return { name: robot.name ?? '', text, joints, links: new Set(links.map((link) => link.name ?? '')), shapes, colors };
}
