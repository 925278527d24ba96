import { expect } from 'chai';
import { mismatches, treeProblems } from '../../../src/cli/doctor/graph-rules.js';
import type { Endpoint } from '../../../src/ros/endpoints.js';

const end = (node: string, qos: Partial<Endpoint['qos']> = {}, type = 'std_msgs/msg/String'): Endpoint => ({
  node,
  type,
  qos: { reliability: 'reliable', durability: 'volatile', depth: 0, ...qos },
});

describe('mismatches', () => {
  const between = (publisher: Endpoint, subscription: Endpoint) =>
    mismatches({ topic: '/t', publishers: [publisher, end('/fine')], subscriptions: [subscription] });

  it('finds subscriptions that ask for more than is offered', () => {
    expect(between(end('/a', { reliability: 'best_effort' }), end('/b'))).to.deep.equal([
      '/t: /b does not hear /a: it asks for reliable, offered is best effort',
    ]);
    const late = end('/b', { durability: 'transient_local' });
    expect(between(end('/a'), late)).to.deep.equal([
      '/t: /b does not hear /a: it asks for transient local, offered is volatile',
      '/t: /b does not hear /fine: it asks for transient local, offered is volatile',
    ]);
  });

  it('finds ends of another type', () => {
    expect(between(end('/a', {}, 'std_msgs/msg/Bool'), end('/b'))).to.deep.equal([
      '/t: /b does not hear /a: it expects std_msgs/msg/String, not std_msgs/msg/Bool',
    ]);
  });

  it('is content where less is asked for than is offered, or nobody publishes', () => {
    const modest = end('/b', { reliability: 'best_effort' });
    expect(between(end('/a', { durability: 'transient_local' }), modest)).to.deep.equal([]);
    expect(mismatches({ topic: '/t', publishers: [], subscriptions: [end('/b')] })).to.deep.equal([]);
  });
});

describe('treeProblems', () => {
  const edges = (...pairs: string[]) =>
    pairs.map((pair) => {
      const [parent, child] = pair.split(' ') as [string, string];
      return { parent, child };
    });

  it('is content with one tree', () => {
    expect(treeProblems(edges('odom base_link', 'base_link torso', 'torso head', 'torso arm'))).to.deep.equal([]);
  });

  it('finds second parents, pieces, loops and a missing base_link', () => {
    expect(treeProblems(edges('base_link arm', 'torso arm'))).to.deep.equal([
      'arm has two parents, base_link and torso',
      'the tree is in pieces, with the roots base_link, torso',
    ]);
    expect(treeProblems(edges('base_link a', 'b c', 'c b'))).to.deep.equal(['b is its own ancestor']);
    expect(treeProblems(edges('map camera'))).to.deep.equal(['there is no base_link']);
  });
});
