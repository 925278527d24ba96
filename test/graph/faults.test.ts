import '../ros/domain.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runOnce, select } from '../../src/faults/campaign.js';
import { FaultedGraph } from '../../src/faults/faulted-graph.js';
import { Random } from '../../src/math/random.js';

/** One of each kind, on the part of the graph that reacts; the whole campaign is `npm run faults`. */
const FAULTS = [
  'Inf joint_states',
  'wrong length joint_states',
  'malformed joint_controller/state',
  'encoder dropout',
  'IMU dropout',
  'push',
  'kill safety_monitor',
];

describe('graph: faults', function () {
  this.timeout(240_000);

  let graph: FaultedGraph;
  let directory: string;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'faults-'));
    graph = await FaultedGraph.bringUp({
      directory,
      seed: 11,
      tell: () => {},
      launchFile: 'test/graph/faults.launch.xml',
      parameters: 'test/graph/faults.params.yaml',
      idle: true,
    });
  });

  after(async () => {
    await graph.stop();
    rmSync(directory, { recursive: true });
  });

  FAULTS.forEach((name, run) => {
    it(`reacts as declared, and keeps the limits: ${name}`, async () => {
      const [fault] = select(graph, name);
      const { result, inOrder } = await runOnce(graph, [fault!], run, new Random(run));
      // How soon depends on what else the machine does; the campaign judges that.
      const problems = result.problems.filter((problem) => !problem.includes('after the deadline'));
      expect(problems).to.deep.equal([]);
      expect(inOrder).to.equal(true);
      expect(result.truth.violations).to.deep.equal([0, 0, 0]);
      expect(result.truth.fallen).to.equal(false);
    });
  });
});
