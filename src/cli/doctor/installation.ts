import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Codec } from '../../ros/codec.js';
import { findPackagePrefix } from '../../ros/launcher/package-index.js';
import { packagePath } from '../../ros/package-path.js';
import { error, type Finding, ok, reasonOf, warning } from './finding.js';

const SET_UP = 'run npm start or npm run ros once: they set up what is missing';
/** Packages whose messages travel in the graph. */
const MESSAGE_PACKAGES = ['std_msgs', 'sensor_msgs', 'geometry_msgs', 'trajectory_msgs', 'tf2_msgs', 'cosmos_humanoid'];
const INTERFACES = ['msg', 'srv', 'action'];

/** Node, ROS 2, the client library and the interfaces. */
export async function checkInstallation(): Promise<Finding[]> {
  return [checkNode(), checkPackages(), checkRos(), await checkClientLibrary(), checkInterfaces(), checkExecutables()];
}

function checkNode(): Finding {
  const needed = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')).engines.node as string;
  const [major = 0, minor = 0] = needed.replace('>=', '').split('.').map(Number);
  const [hasMajor = 0, hasMinor = 0] = process.versions.node.split('.').map(Number);
  const isOld = hasMajor < major || (hasMajor === major && hasMinor < minor);
  const found = `Node ${process.version}`;
  return isOld
    ? error('node', `${found}, needs ${needed}`, 'install a newer one: https://nodejs.org/en/download')
    : ok('node', found);
}

/** npm keeps a record of what it installed; it is compared with what package.json asks for. */
function checkPackages(): Finding {
  const { dependencies } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const wrong = Object.entries(dependencies).filter(([name, version]) => {
    const file = packagePath(`node_modules/${name}/package.json`);
    return !existsSync(file) || JSON.parse(readFileSync(file, 'utf8')).version !== version;
  });
  const names = wrong.map(([name, version]) => `${name} ${version}`).join(', ');
  return wrong.length === 0
    ? ok('npm packages', `${Object.keys(dependencies).length} as package.json has them`)
    : error('npm packages', `missing or of another version: ${names}`, 'npm ci --ignore-scripts, then npm run doctor');
}

function checkRos(): Finding {
  const { ROS_DISTRO, RMW_IMPLEMENTATION } = process.env;
  try {
    const prefix = findPackagePrefix('rcl', process.env);
    return ok('ros', `${ROS_DISTRO} in ${prefix}, middleware ${RMW_IMPLEMENTATION ?? 'by default'}`);
  } catch {
    return error('ros', 'no ROS 2 in AMENT_PREFIX_PATH', `source its setup.bash, or ${SET_UP}`);
  }
}

async function checkClientLibrary(): Promise<Finding> {
  try {
    await import('rclnodejs');
    return ok('rclnodejs', 'loads');
  } catch (thrown) {
    return error('rclnodejs', `does not load: ${reasonOf(thrown)}`, `remove .ros/stamps, then ${SET_UP}`);
  }
}

/** The interfaces that were installed have to be those of this package's files: the bytes would be misread. */
function checkInterfaces(): Finding {
  const missing = MESSAGE_PACKAGES.filter((name) => {
    try {
      findPackagePrefix(name, process.env);
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length > 0) return error('interfaces', `packages missing: ${missing.join(', ')}`, SET_UP);
  const share = join(findPackagePrefix('cosmos_humanoid', process.env), 'share/cosmos_humanoid');
  const own = INTERFACES.flatMap((folder) => {
    const path = packagePath(folder);
    return existsSync(path) ? readdirSync(path).map((name) => join(folder, name)) : [];
  });
  const stale = own.filter((name) => {
    const installed = join(share, name);
    return !existsSync(installed) || readFileSync(installed, 'utf8') !== readFileSync(packagePath(name), 'utf8');
  });
  if (stale.length > 0) {
    return error('interfaces', `installed as another version: ${stale.join(', ')}`, `${SET_UP}; or colcon build`);
  }
  try {
    new Codec('cosmos_humanoid/msg/FusedObservation');
  } catch (thrown) {
    return error('interfaces', reasonOf(thrown), SET_UP);
  }
  return ok('interfaces', `those of ${MESSAGE_PACKAGES.length} packages, ${own.length} of this one`);
}

function checkExecutables(): Finding {
  const nodes = readdirSync(packagePath('dist/src/nodes')).filter((name) => name.endsWith('.js'));
  const lib = join(findPrefix(), 'lib/cosmos_humanoid');
  const missing = nodes
    .map((name) => name.replace('.js', '').replaceAll('-', '_'))
    .filter((name) => !existsSync(join(lib, name)));
  return missing.length === 0
    ? ok('nodes', `${nodes.length} executables in ${lib}`)
    : warning('nodes', `not installed: ${missing.join(', ')}`, `${SET_UP}; or colcon build`);
}

function findPrefix(): string {
  try {
    return findPackagePrefix('cosmos_humanoid', process.env);
  } catch {
    return '.';
  }
}
