import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { readLaunchFile } from '../../src/ros/launcher/launch-file.js';
import { packagePath } from '../../src/ros/package-path.js';

/**
 * What the classes of rviz (ros2/rviz, rviz_default_plugins/src/…/displays, branch jazzy) call their properties, as far
 * as they are of use here; any other name would be ignored without a word. rviz itself does not run in this test.
 */
const PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  Grid: ['Reference Frame', 'Cell Size', 'Plane Cell Count', 'Color', 'Alpha', 'Offset'],
  RobotModel: ['Description Source', 'Description Topic', 'TF Prefix', 'Visual Enabled', 'Collision Enabled', 'Alpha'],
  TF: ['Show Names', 'Show Axes', 'Show Arrows', 'Marker Scale', 'Frame Timeout'],
  PointCloud2: ['Topic', 'Style', 'Size (m)', 'Alpha', 'Decay Time', 'Position Transformer', 'Color Transformer'],
  Image: ['Topic', 'Normalize Range', 'Min Value', 'Max Value', 'Median window'],
  MarkerArray: ['Topic', 'Namespaces'],
  Odometry: ['Topic', 'Keep', 'Shape', 'Position Tolerance', 'Angle Tolerance', 'Covariance'],
};
const COMMON = ['Class', 'Name', 'Enabled'];
/** Of a topic: rviz_common/src/rviz_common/properties/qos_profile_property.cpp. */
const QOS: Readonly<Record<string, readonly unknown[]>> = {
  'Durability Policy': ['System Default', 'Transient Local', 'Volatile'],
  'Reliability Policy': ['System Default', 'Reliable', 'Best Effort'],
  'History Policy': ['System Default', 'Keep Last', 'Keep All'],
};

type Display = Readonly<Record<string, unknown>>;

describe('the configuration of rviz', () => {
  const file = packagePath('config/rviz/humanoid.rviz');
  const { Displays: displays } = parse(readFileSync(file, 'utf8'))['Visualization Manager'] as { Displays: Display[] };
  const classOf = (display: Display) => String(display.Class).replace('rviz_default_plugins/', '');

  it('shows the robot, tf, images, points, and the markers of objects, plan and safety', () => {
    const shown = displays.map((display) => `${classOf(display)} ${(display.Topic as Display)?.Value ?? ''}`.trim());
    expect(shown).to.include.members([
      'RobotModel',
      'TF',
      'Image head_camera/color/image_raw',
      'PointCloud2 camera_fusion/points',
      'MarkerArray cosmos/markers',
      'MarkerArray action_decoder/markers',
      'MarkerArray safety/markers',
    ]);
  });

  it('calls everything as the classes of rviz do', () => {
    for (const display of displays) {
      const known = PROPERTIES[classOf(display)];
      expect(known, String(display.Class)).to.not.equal(undefined);
      expect([...COMMON, ...known!]).to.include.members(Object.keys(display));
      const topic = (display.Topic ?? display['Description Topic']) as Display | undefined;
      for (const [name, value] of Object.entries(topic ?? {})) {
        if (name in QOS) expect(QOS[name], name).to.include(value);
        else expect(['Value', 'Depth']).to.include(name);
      }
    }
  });

  it('is what rviz2 is started with by rviz:=true, in the namespace of the robot', () => {
    const prefix = mkdtempSync(join(tmpdir(), 'rviz-'));
    for (const path of ['share/ament_index/resource_index/packages/rviz2', 'lib/rviz2/rviz2']) {
      mkdirSync(join(prefix, path, '..'), { recursive: true });
      writeFileSync(join(prefix, path), '');
    }
    const environment = {
      ...process.env,
      AMENT_PREFIX_PATH: [prefix, process.env.AMENT_PREFIX_PATH].join(delimiter),
    };
    for (const name of ['sim', 'hardware']) {
      const launch = (rviz: string) => {
        const values = { rviz, namespace: 'h2', ...(name === 'hardware' && { hardware: 'unitree_h2' }) };
        const { processes } = readLaunchFile(packagePath(`launch/${name}.launch.xml`), {
          arguments: values,
          environment,
        });
        return processes.find(({ command }) => command === join(prefix, 'lib/rviz2/rviz2'));
      };
      expect(launch('false'), name).to.equal(undefined);
      const { arguments: given } = launch('true')!;
      expect(given[0], name).to.equal('-d');
      expect(readFileSync(given[1]!, 'utf8')).to.equal(readFileSync(file, 'utf8'));
      expect(given, name).to.include('__ns:=/h2');
    }
    rmSync(prefix, { recursive: true });
  });
});
