// The ROS 2 that is used, and the environment in which programs find it.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ROS_FOLDER } from './paths.mjs';

/** Name of the ROS 2 release that the wheels are, and the oldest that is used when it is sourced already. */
const DISTRIBUTION = 'jazzy';

/**
 * The ROS 2 whose environment the user sourced before, as far as it can be used.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ distribution: string, prefix: string } | undefined} name of the release and where it is installed;
 *   undefined when none is sourced, or one older than Jazzy
 */
export function sourcedRos(env) {
  const { ROS_DISTRO: distribution, AMENT_PREFIX_PATH: prefixes } = env;
  if (!distribution || distribution < DISTRIBUTION) return undefined;
  const prefix = split(prefixes).find((folder) => folder !== ROS_FOLDER && existsSync(join(folder, 'share/rcl')));
  return prefix === undefined ? undefined : { distribution, prefix };
}

/**
 * Variables which make a program find ROS 2 and this package.
 * @returns {{ set: Record<string, string>, prepend: Record<string, string[]> }}
 */
function variables() {
  const ownPython = pythonFolders();
  if (sourcedRos(process.env)) {
    return {
      set: {},
      prepend: {
        AMENT_PREFIX_PATH: [ROS_FOLDER],
        CMAKE_PREFIX_PATH: [ROS_FOLDER],
        LD_LIBRARY_PATH: [join(ROS_FOLDER, 'lib')],
        PYTHONPATH: ownPython,
      },
    };
  }
  const vendored = ownPython.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^ros_.*\.libs$/.test(name))
      .map((name) => join(folder, name)),
  );
  return {
    // The wheels' start-up hook would run every Python program a second time, to set LD_LIBRARY_PATH.
    set: { ROS_DISTRO: DISTRIBUTION, ROS_VERSION: '2', ROS_PYTHON_VERSION: '3', _ROS_WHEELS_BOOTSTRAP_COMPLETE: '1' },
    prepend: {
      AMENT_PREFIX_PATH: [ROS_FOLDER],
      CMAKE_PREFIX_PATH: [ROS_FOLDER],
      LD_LIBRARY_PATH: [join(ROS_FOLDER, 'lib'), ...vendored],
      PYTHONPATH: ownPython,
      PATH: [join(ROS_FOLDER, 'bin')],
    },
  };
}

/**
 * The environment in which programs run.
 * @returns {NodeJS.ProcessEnv}
 */
export function rosEnvironment() {
  const { set, prepend } = variables();
  const env = { ...process.env, ...set };
  // Prefixes of another, older ROS would mix two releases.
  const foreign = !sourcedRos(process.env) && !split(env.AMENT_PREFIX_PATH).includes(ROS_FOLDER);
  if (foreign) for (const name of ['AMENT_PREFIX_PATH', 'CMAKE_PREFIX_PATH', 'PYTHONPATH']) delete env[name];
  for (const [name, folders] of Object.entries(prepend)) {
    env[name] = [...folders, ...split(env[name]).filter((folder) => !folders.includes(folder))].join(delimiter);
  }
  return env;
}

/** Writes `.ros/setup.bash`, which makes the same environment in a person's shell. */
export function writeSetupScript() {
  const { set, prepend } = variables();
  const lines = [
    '# Source this file in bash or zsh to use the ROS 2 environment of cosmos_humanoid. Written by the set-up.',
    `_cosmos_prepend() {
  eval "_cosmos_old=\\\${$1-}"
  case ":$_cosmos_old:" in
    *":$2:"*) ;;
    *) export "$1=$2\${_cosmos_old:+:$_cosmos_old}" ;;
  esac
}`,
    ...Object.entries(set).map(([name, value]) => `export ${name}=${value}`),
    ...Object.entries(prepend).flatMap(([name, folders]) =>
      folders.toReversed().map((folder) => `_cosmos_prepend ${name} '${folder}'`),
    ),
    'unset -f _cosmos_prepend',
    'unset _cosmos_old',
    '',
  ];
  writeFileSync(join(ROS_FOLDER, 'setup.bash'), lines.join('\n'));
}

/** Folders below `.ros/` that hold Python packages. */
function pythonFolders() {
  const lib = join(ROS_FOLDER, 'lib');
  if (!existsSync(lib)) return [];
  return readdirSync(lib)
    .filter((name) => /^python3\.\d+$/.test(name))
    .map((name) => join(lib, name, 'site-packages'))
    .filter((folder) => existsSync(folder));
}

/** @param {string | undefined} list */
function split(list) {
  return (list ?? '').split(delimiter).filter((item) => item !== '');
}
