import './domain.js';
import { expect } from 'chai';
import { type OpenNode, openNode } from '../../src/ros/open-node.js';
import { ServiceClients } from '../../src/ros/service-clients.js';

const TYPE = 'std_srvs/srv/Trigger';

describe('ServiceClients', function () {
  this.timeout(20_000);

  let open: OpenNode;
  before(async () => {
    open = await openNode('caller');
  });
  after(() => open.close());
  afterEach(() => open.node.destroyEntities());

  /** Clients of a service that the node has. */
  const count = (name: string) =>
    open.node.native.getClientNamesAndTypesByNode('caller', '/').filter((client) => client.name === name).length;

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  it('keeps the client of a service that answers', async () => {
    const { node } = open;
    let calls = 0;
    node.createService(TYPE, 'good', () => ({ success: true, message: String(++calls) }));
    const clients = new ServiceClients(node);
    for (const message of ['1', '2']) {
      expect(await clients.call(TYPE, 'good', {}, 10)).to.deep.equal({ success: true, message });
    }
    await until(() => count('/good') === 1);
    node.destroyEntities();
    await until(() => count('/good') === 0);
  });

  it('destroys the client that got no answer, when nobody else waits for it, and calls by another', async () => {
    const { node } = open;
    const answers: (() => void)[] = [];
    node.createService(TYPE, 'slow', async () => {
      await new Promise<void>((resolve) => answers.push(resolve));
      return { success: true, message: '' };
    });
    const clients = new ServiceClients(node);
    const patient = clients.call(TYPE, 'slow', {}, 10);
    const hasty = await clients.call(TYPE, 'slow', {}, 0.5).catch((error: Error) => error.message);
    expect(hasty).to.equal('service slow did not answer within 0.5 s');
    await until(() => count('/slow') === 1);
    for (const answer of answers) answer();
    expect((await patient).success).to.equal(true);
    await until(() => count('/slow') === 0);
    const next = clients.call(TYPE, 'slow', {}, 10);
    await until(() => answers.length === 3);
    answers[2]!();
    expect((await next).success).to.equal(true);
  });

  it('says that nobody offers a service, and keeps nothing of it', async () => {
    const clients = new ServiceClients(open.node);
    const error = await clients.call(TYPE, 'nobody', {}, 0.1).catch((reason: Error) => reason.message);
    expect(error).to.equal('service nobody is not offered by any node (waited 0.1 s)');
    await until(() => count('/nobody') === 0);
  });
});
