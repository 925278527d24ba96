import './domain.js';
import { expect } from 'chai';
import { openNode } from '../../src/ros/open-node.js';
import { OperatorConfirmation } from '../../src/ros/operator-confirmation.js';

describe('OperatorConfirmation', () => {
  it('holds for one start', async () => {
    const { node, close } = await openNode('confirmation');
    try {
      const confirmation = new OperatorConfirmation();
      confirmation.serve(node);
      expect(confirmation.valid).to.equal(false);
      const client = node.createClient('std_srvs/srv/Trigger', 'joint_controller/confirm');
      expect((await client.call({}, 20)).success).to.equal(true);
      expect(confirmation.valid).to.equal(true);
      confirmation.use();
      expect(confirmation.valid).to.equal(false);
    } finally {
      close();
    }
  }).timeout(30_000);
});
