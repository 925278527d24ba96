import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type LaunchDescription, readLaunchFile } from '../../../src/ros/launcher/launch-file.js';

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));

describe('readLaunchFile', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'launch-'));
    touch('share/ament_index/resource_index/packages/demo');
    touch('lib/demo/talker');
  });

  after(() => rmSync(folder, { recursive: true }));

  function touch(path: string, text = ''): string {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  function read(body: string, launchArguments: Record<string, string> = {}): LaunchDescription {
    const file = touch('launch/test.launch.xml', `<?xml version="1.0"?>\n<launch>\n${body}\n</launch>\n`);
    return readLaunchFile(file, {
      arguments: launchArguments,
      environment: { AMENT_PREFIX_PATH: folder, COLOR: 'red' },
    });
  }

  it('resolves a node', () => {
    const { processes } = read(`
      <node pkg="demo" exec="talker" name="t" namespace="ns" args="-v 'a b'" output="screen" respawn="true"
            respawn_delay="0.5" ros_args="--log-level debug">
        <env name="COLOR" value="blue"/>
        <param from="/p.yaml"/>
        <param name="rate" value="10"/>
        <param name="id" value="7" type="str"/>
        <remap from="chatter" to="/loud"/>
      </node>`);
    expect(processes).to.have.length(1);
    const [node] = processes;
    expect(node).to.deep.include({
      name: 'ns/t',
      command: join(folder, 'lib/demo/talker'),
      showOutput: true,
      respawn: true,
      respawnDelay: 0.5,
      required: false,
    });
    expect(node?.arguments).to.deep.equal([
      ...['-v', 'a b', '--ros-args', '--log-level', 'debug', '-r', '__node:=t', '-r', '__ns:=/ns'],
      ...['--params-file', '/p.yaml', '-p', 'rate:=10', '-p', "id:='7'", '-r', 'chatter:=/loud'],
    ]);
    expect(node?.environment.COLOR).to.equal('blue');
  });

  it('gives arguments their default, their value, or an error', () => {
    const body = '<arg name="x" default="$(env COLOR)"/><executable cmd="echo $(var x)"/>';
    expect(read(body).processes[0]?.arguments).to.deep.equal(['red']);
    expect(read(body, { x: 'green' }).processes[0]?.arguments).to.deep.equal(['green']);
    expect(() => read(body, { y: '1' })).to.throw("no argument 'y'; did you mean 'x'?");
    expect(() => read('<arg name="x"/>')).to.throw("test.launch.xml:3: argument 'x' is required");
    expect(() => read('<arg name="x"><choice value="a"/><choice value="b"/></arg>', { x: 'c' })).to.throw(
      "argument 'x' is 'c', expected one of a, b",
    );
  });

  it('keeps what a group sets within the group', () => {
    const { processes } = read(`
      <let name="x" value="1"/>
      <group>
        <push_ros_namespace namespace="outer"/>
        <let name="x" value="2"/>
        <set_env name="COLOR" value="blue"/>
        <node pkg="demo" exec="talker" namespace="inner" args="$(var x)"/>
        <node pkg="demo" exec="talker" namespace="/top"/>
      </group>
      <group scoped="false"><let name="y" value="3"/></group>
      <node pkg="demo" exec="talker" args="$(var x)$(var y)"/>`);
    expect(processes.map(({ name }) => name)).to.deep.equal(['outer/inner/talker', 'top/talker', 'talker']);
    expect(processes.map((node) => node.arguments.join(' '))).to.deep.equal([
      '2 --ros-args -r __ns:=/outer/inner',
      '--ros-args -r __ns:=/top',
      '13',
    ]);
    expect(processes.map(({ environment }) => environment.COLOR)).to.deep.equal(['blue', 'blue', 'red']);
  });

  it('runs what its conditions allow', () => {
    const { processes } = read(`
      <executable cmd="a" if="true"/><executable cmd="b" if="0"/>
      <executable cmd="c" unless="False"/><executable cmd="d" unless="1"/>
      <group if="false"><executable cmd="e" name="$(var nothing)"/></group>`);
    expect(processes.map(({ name }) => name)).to.deep.equal(['a', 'c']);
    expect(() => read('<executable cmd="a" if="maybe"/>')).to.throw('if="maybe" is neither true nor false');
  });

  it('includes files relative to the file, with arguments', () => {
    touch(
      'launch/part/inner.launch.xml',
      '<launch><arg name="n" default="0"/><executable cmd="$(dirname)/x $(var n)"/></launch>',
    );
    const { processes, arguments: declared } = read(
      '<include file="$(dirname)/part/inner.launch.xml"><arg name="n" value="5"/></include>',
    );
    expect(processes[0]).to.deep.include({ command: join(folder, 'launch/part/x'), arguments: ['5'] });
    expect(declared.map(({ name }) => name)).to.deep.equal(['n']);
  });

  it('numbers programs of the same name', () => {
    const { processes } = read('<executable cmd="/bin/a"/><executable cmd="a"/>');
    expect(processes.map(({ name }) => name)).to.deep.equal(['a', 'a-2']);
  });

  const errors: Readonly<Record<string, readonly [body: string, message: string]>> = {
    'an unknown element': ['\n<timer period="1"/>', ':4: <timer> within <launch> is not supported'],
    'an unknown attribute': [
      '<node pkg="demo" exec="talker" nme="x"/>',
      ":3: attribute 'nme' of <node> is not supported",
    ],
    'a missing attribute': ['<node pkg="demo"/>', ":3: <node> needs the attribute 'exec'"],
    'a missing package': ['<node pkg="absent" exec="x"/>', ":3: package 'absent' is not in"],
    'a missing executable': ['<node pkg="demo" exec="listener"/>', ":3: package 'demo' has no executable 'listener'"],
    'a nested parameter': [
      '<node pkg="demo" exec="talker">\n<param name="a">\n<param name="b" value="1"/></param></node>',
      ':5: <param> within <param> is not supported',
    ],
    'an unsupported substitution': [
      '<let name="x" value="$(command \'ls\')"/>',
      ':3: substitution $(command ...) is not',
    ],
    'an included file that is missing': ['\n\n<include file="none.xml"/>', ':5: ENOENT'],
    'malformed XML': ['<group>', ":4: Expected closing tag 'group'"],
    'stray text': ['<group>text</group>', ':3: unexpected text "text"'],
    'an inclusion of itself': ['<include file="test.launch.xml"/>', ':3: '],
  };
  for (const [what, [body, message]] of Object.entries(errors)) {
    it(`names file and line of ${what}`, () => {
      expect(() => read(body)).to.throw(`${join(folder, 'launch/test.launch.xml')}${message}`);
    });
  }

  for (const name of ['sim', 'hardware', 'stack']) {
    it(`reads the package's own ${name}.launch.xml`, () => {
      const environment = { AMENT_PREFIX_PATH: join(REPOSITORY, '.ros') };
      const { processes } = readLaunchFile(join(REPOSITORY, `launch/${name}.launch.xml`), {
        arguments: { namespace: 'robot', seed: '11' },
        environment,
      });
      expect(processes.map((process) => process.name)).to.include('robot/joint_controller');
    });
  }
});
