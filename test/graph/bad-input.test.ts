import '../ros/domain.js';
import { spawn } from 'node:child_process';
import { expect } from 'chai';
import { packagePath } from '../../src/ros/package-path.js';

describe('graph: bad input', function () {
  this.timeout(240_000);

  interface Ended {
    readonly code: number | null;
    readonly output: string;
  }

  /**
   * Runs a node with parameters.
   * @param enough what it has to write before it is asked to end; it is waited for where this is left out
   */
  function run(node: string, parameters: readonly string[], enough?: RegExp): Promise<Ended> {
    const rules = parameters.flatMap((rule) => ['-p', rule]);
    const child = spawn(process.execPath, [packagePath(`dist/src/nodes/${node}.js`), '--ros-args', ...rules]);
    let output = '';
    let asked = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += String(data);
        if (asked || enough?.test(output) !== true) return;
        asked = true;
        child.kill('SIGINT');
      });
    }
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
  }

  it('an unknown parameter and a bad value end a node with a line each', async () => {
    const { code, output } = await run('joint-controller', ['ratee:=50', 'hardware:=wood']);
    expect(code).to.equal(1);
    expect(output).to.include('-p ratee:=50: joint_controller has no parameter "ratee"; did you mean "rate"?');
    expect(output).to.include('-p hardware:=wood: hardware: "wood": needs one of mock, mujoco');
    expect(output).not.to.match(/\n +at /);
  });

  const refusals: readonly (readonly [string, string, string[], RegExp])[] = [
    ['a robot that is missing', 'joint-controller', ['robot:=config/none.yaml'], /config\/none\.yaml: cannot read/],
    [
      'a task that is missing',
      'joint-controller',
      ['hardware:=mujoco', 'task:=none'],
      /scenes\/none\.yaml: cannot read/,
    ],
    ['a topic that cannot be watched', 'safety-monitor', ['topics:=[odom]'], /parameter topics: odom: needs some of/],
  ];
  for (const [what, node, parameters, reason] of refusals) {
    it(`${what} leaves a node inactive, and alive`, async () => {
      const { code, output } = await run(node, ['autostart:=true', ...parameters], reason);
      expect(output).to.match(reason);
      expect(code).to.equal(0);
    });
  }
});
