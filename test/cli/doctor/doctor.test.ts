import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import type { Finding } from '../../../src/cli/doctor/finding.js';
import { checkDomain } from '../../../src/cli/doctor/machine.js';
import { checkModel } from '../../../src/cli/doctor/model.js';
import { latched, reliable, sensorData } from '../../../src/ros/qos.js';
import { TestGraph } from '../../graph/test-graph.js';
import { runCommand } from '../command.js';

describe('npm run doctor', function () {
  this.timeout(120_000);

  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Its findings, by what was checked. */
  async function examine() {
    const file = join(folder, 'findings.json');
    const { code, output } = await runCommand('doctor', '--json', file);
    const { errors, findings } = JSON.parse(readFileSync(file, 'utf8')) as { errors: number; findings: Finding[] };
    expect(code).to.equal(errors > 0 ? 1 : 0);
    for (const { check, severity, remedy } of findings) {
      expect(remedy === '', `${check} has a remedy where it needs one`).to.equal(severity === 'ok');
      expect(output).to.include(check);
    }
    return new Map(findings.map((finding) => [finding.check, finding]));
  }

  it('finds this installation in order, and no graph', async () => {
    const findings = await examine();
    for (const check of [
      'node',
      'npm packages',
      'ros',
      'rclnodejs',
      'model cosmos3_micro',
      'robot',
      'tasks',
      'graph',
    ]) {
      expect(findings.get(check), check).to.include({ severity: 'ok' });
    }
    expect([...findings.keys()]).to.include.members([
      'shared memory',
      'socket buffers',
      'disk',
      'real time',
      'clock',
      'domain',
      'memory',
    ]);
    expect(findings.get('graph')?.message).to.match(/^none runs on ROS domain/);
  });

  it('finds what is amiss in a graph', async () => {
    const graph = await TestGraph.start('test/graph/robot.launch.xml');
    try {
      await graph.until('all nodes are active', async () => (await graph.call('lifecycle_manager/is_active')).success);
      const { node } = graph;
      node.createPublisher('std_msgs/msg/String', 'test/words', sensorData());
      node.createSubscription('std_msgs/msg/String', 'test/words', reliable(), () => {});
      const frames = node.createPublisher('tf2_msgs/msg/TFMessage', '/tf_static', latched());
      frames.publish({ transforms: [{ header: { frame_id: 'map' }, child_frame_id: 'camera' }] });
      const findings = await examine();
      expect(findings.get('graph')?.message).to.match(/^4 nodes on ROS domain \d+, namespace \/$/);
      expect(findings.get('node joint_controller')).to.include({ severity: 'ok' });
      expect(findings.get('node camera_fusion')).to.include({ severity: 'error', message: 'missing' });
      expect(findings.get('quality of service')?.message).to.match(
        /^\/test\/words: \/test does not hear \/test: it asks/,
      );
      expect(findings.get('tf')?.message).to.match(/the tree is in pieces, with the roots .*map/);
      expect(findings.get('rate of camera_fusion/observation')).to.include({
        severity: 'warning',
        message: 'silent, should be 15 Hz',
        remedy: 'start camera_fusion, which publishes it',
      });
      expect(findings.get('rate of joint_states')?.message).to.match(/^[1-9]\d* Hz, should be 100 Hz$/);
    } finally {
      await graph.stop();
    }
  });

  it('finds a model file that is cut off', async () => {
    const model = join(folder, 'cosmos3_micro');
    cpSync(resolve('models/cosmos3_micro'), model, { recursive: true });
    truncateSync(join(model, 'decoder.int8.onnx'), 1000);
    const [finding] = await checkModel(model);
    expect(finding).to.include({ severity: 'error' });
    expect(finding!.message).to.match(/decoder\.int8\.onnx: its SHA-256 is/);
  });

  it('judges the domain', () => {
    const severity = (domain: string | undefined) => checkDomain(domain).severity;
    expect([undefined, '0', '101', '102', '233', 'seven', '-1'].map(severity)).to.deep.equal([
      'ok',
      'ok',
      'ok',
      'warning',
      'error',
      'error',
      'error',
    ]);
  });
});
