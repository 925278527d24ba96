import { expect } from 'chai';
import { Permissions } from '../../src/operator/permissions.js';

describe('Permissions', () => {
  it('allows the stops always, and nothing else that is not listed', () => {
    const none = new Permissions([''], '/');
    for (const name of ['/safety/emergency_stop', 'safety/protective_stop', '/safety/controlled_stop']) {
      expect(none.allows(name), name).to.equal(true);
    }
    for (const name of ['/safety/reset', 'execute_instruction', '/', '', '/other/safety/emergency_stop']) {
      expect(none.allows(name), name).to.equal(false);
    }
    expect(none.refusal('/safety/reset')).to.match(/\/safety\/reset is not allowed: list it in the parameter allow/);
  });

  it('takes what is listed relative to the namespace', () => {
    const some = new Permissions(['safety/reset', 'test/*', '/global', 'motion_planner.weight'], '/h2/');
    for (const name of ['/h2/safety/reset', 'safety/reset', '/h2/test/a/b', '/global', '/h2/motion_planner.weight']) {
      expect(some.allows(name), name).to.equal(true);
    }
    for (const name of ['/safety/reset', '/h2/global', '/h2/motion_planner.other']) {
      expect(some.allows(name), name).to.equal(false);
    }
  });
});
