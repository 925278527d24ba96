import './domain.js';
import { expect } from 'chai';
import rclnodejs from 'rclnodejs';
import { HumanoidNode, type NodeHooks } from '../../src/ros/humanoid-node.js';
import type { ParameterDeclarations } from '../../src/ros/parameters.js';
import { reliable } from '../../src/ros/qos.js';

const PARAMETERS = {
  rate: { type: 'double', default: 100, minimum: 1, maximum: 500, description: 'Rate, Hz.', dynamic: true },
  count: { type: 'integer', default: 3, minimum: 0, description: 'Count.' },
  mode: { type: 'string', default: 'a', choices: ['a', 'b'], description: 'Mode.' },
  names: { type: 'string_array', default: ['x'], description: 'Names.' },
} as const satisfies ParameterDeclarations;

describe('HumanoidNode', () => {
  const nodes: HumanoidNode<typeof PARAMETERS>[] = [];
  before(async () => {
    await rclnodejs.init();
    rclnodejs.removeSignalHandlers();
  });
  after(() => rclnodejs.shutdown());
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.close();
  });

  function create(argv: readonly string[] = [], hooks: NodeHooks = {}) {
    const node = new HumanoidNode('tested', PARAMETERS, { argv: ['--ros-args', ...argv] });
    nodes.push(node);
    node.setHooks(hooks);
    return node;
  }

  describe('parameters', () => {
    it('have their defaults, or what the arguments say', () => {
      const node = create(['-p', 'rate:=20', '-p', 'names:=[y, z]']);
      expect(node.parameters).to.deep.include({ rate: 20, count: 3, mode: 'a', names: ['y', 'z'], autostart: false });
    });

    it('are described, with their ranges', () => {
      const descriptor = create().native.getParameterDescriptor('rate') as unknown as { toMessage(): object };
      expect(descriptor.toMessage()).to.deep.include({
        description: 'Rate, Hz.',
        read_only: false,
        floating_point_range: [{ from_value: 1, to_value: 500, step: 0 }],
      });
    });

    const bad: readonly (readonly [string, string, RegExp])[] = [
      ['an unknown name', 'ratte:=3', /-p ratte:=3: tested has no parameter "ratte"; did you mean "rate"\?/],
      ['a value out of range', 'rate:=1000', /rate: 1000: needs 1 to 500/],
      ['a value below its least', 'count:=-1', /count: -1: needs at least 0/],
      ['a value of another type', 'rate:=fast', /rate: "fast": needs a double/],
      ['a fraction for an integer', 'count:=1.5', /count: 1.5: needs an integer/],
      ['a value that is no choice', 'mode:=c', /mode: "c": needs one of a, b/],
    ];
    for (const [what, rule, error] of bad) {
      it(`refuse ${what}`, () => expect(() => create(['-p', rule])).to.throw(error));
    }

    it('change while the node runs only when they may, and within their range', () => {
      const node = create();
      const set = (name: string, type: rclnodejs.ParameterType, value: unknown) =>
        node.native.setParameter(new rclnodejs.Parameter(name, type, value));
      expect(set('rate', rclnodejs.ParameterType.PARAMETER_DOUBLE, 50).successful).to.equal(true);
      expect(node.parameters.rate).to.equal(50);
      const refused = set('rate', rclnodejs.ParameterType.PARAMETER_DOUBLE, 0);
      expect(refused).to.deep.include({ successful: false, reason: 'rate: needs 1 to 500' });
      expect(set('mode', rclnodejs.ParameterType.PARAMETER_STRING, 'b').successful).to.equal(false);
      expect(node.parameters).to.deep.include({ rate: 50, mode: 'a' });
    });
  });

  describe('lifecycle', () => {
    it('waits for the work of a transition', async () => {
      const calls: string[] = [];
      const hook = (name: string) => async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        calls.push(name);
      };
      const node = create([], {
        configure: hook('configure'),
        activate: hook('activate'),
        deactivate: hook('deactivate'),
        cleanup: hook('cleanup'),
      });
      expect(node.state).to.equal('unconfigured');
      expect(await node.transition('configure')).to.equal(true);
      expect(node.state).to.equal('inactive');
      expect(await node.transition('activate')).to.equal(true);
      expect(node.active).to.equal(true);
      expect(await node.transition('shutdown')).to.equal(true);
      expect(node.state).to.equal('finalized');
      expect(calls).to.deep.equal(['configure', 'activate', 'deactivate', 'cleanup']);
    });

    it('stays where it is when the work fails, or the transition is not possible', async () => {
      const node = create([], {
        configure: () => {
          throw new Error('models/none does not exist');
        },
      });
      expect(await node.transition('activate')).to.equal(false);
      expect(await node.transition('configure')).to.equal(false);
      expect(node.state).to.equal('unconfigured');
    });

    it('refuses a transition while another one is in progress', async () => {
      const node = create([], { configure: () => new Promise((resolve) => setTimeout(resolve, 5)) });
      const first = node.transition('configure');
      expect(await node.transition('configure')).to.equal(false);
      expect(await first).to.equal(true);
    });

    it('goes down even when the work fails', async () => {
      const node = create([], {
        deactivate: async () => {
          throw new Error('no answer');
        },
      });
      await node.transition('configure');
      await node.transition('activate');
      expect(await node.transition('deactivate')).to.equal(true);
      expect(node.state).to.equal('inactive');
    });

    it('destroys after deactivate what activate made, after cleanup what configure made', async () => {
      const node: HumanoidNode<typeof PARAMETERS> = create([], {
        configure: () => void node.createPublisher('std_msgs/msg/String', 'configured', reliable()),
        activate: () => void node.createPublisher('std_msgs/msg/String', 'activated', reliable()),
      });
      const counts = () => ['/configured', '/activated'].map((topic) => node.native.countPublishers(topic));
      await node.transition('configure');
      expect(counts()).to.deep.equal([1, 0]);
      await node.transition('activate');
      expect(counts()).to.deep.equal([1, 1]);
      await node.transition('deactivate');
      expect(counts()).to.deep.equal([1, 0]);
      await node.transition('activate');
      expect(counts()).to.deep.equal([1, 1]);
      await node.transition('deactivate');
      await node.transition('cleanup');
      expect(counts()).to.deep.equal([0, 0]);
    });
  });
});
