import { expect } from 'chai';
import type { PolicySession } from '../../../src/cosmos/policy-session.js';
import { Kinematics } from '../../../src/robot/kinematics.js';
import { robot } from '../../robot/robot-fixture.js';
import { PEER_PROTOCOLS, PolicyPeer, peerSenses } from './policy-peer.js';

/** Whether openpi's own server answers (`peer_server.py`), which cannot be made to send what is no answer. */
const OWN = process.env.OPENPI_SERVER !== undefined;
/**
 * Memory that the answer of a gigabyte may cost, bytes: up to its limit of 256 MB it must be taken in, and the parts
 * that it came in are not let go at once.
 */
const MEMORY = 700e6;

describe('policy servers that misbehave', function () {
  this.timeout(20_000);
  let kinematics: Kinematics;
  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics?.delete());

  for (const protocol of PEER_PROTOCOLS) {
    describe(protocol, () => {
      let peer: PolicyPeer;
      let session: PolicySession;
      beforeEach(async () => {
        peer = await PolicyPeer.start(protocol, kinematics);
        session = await peer.connect();
      });
      afterEach(() => peer.close());

      const ask = (instruction: string) =>
        session.infer(peerSenses(kinematics, robot.posture('table_work')), instruction);
      const failure = (instruction: string) =>
        ask(instruction).then(
          () => 'no error',
          (error: Error) => error.message,
        );
      const recovers = async () => expect(await ask('push the cup')).to.have.length(1);

      it('slow: is waited for', async () => {
        const begin = performance.now();
        expect(await ask('slow')).to.have.length(1);
        expect(performance.now() - begin).to.be.above(590);
      });

      it('hung: is given up after the time-out', async () => {
        const begin = performance.now();
        expect(await failure('hang')).to.match(/within 1 s/);
        expect(performance.now() - begin).to.be.within(900, 2500);
      });

      it('dead: is named, then left alone for longer and longer', async () => {
        await peer.kill();
        expect(await failure('push the cup')).to.match(/127\.0\.0\.1:\d+/);
        expect(await failure('push the cup')).to.match(/127\.0\.0\.1:\d+/);
        expect(await failure('push the cup')).to.match(/127\.0\.0\.1:\d+.*; asking again in 0\.\d s/);
      });

      it('started anew: is connected to again', async () => {
        await peer.kill();
        expect(await failure('push the cup')).to.match(/127\.0\.0\.1:\d+/);
        await peer.restart();
        await recovers();
      });

      it('failing: its own words are passed on, and the next question is asked', async () => {
        expect(await failure('fail')).to.match(/the policy is out of order/);
        await recovers();
      });

      it('of another shape: is refused', async () => {
        expect(await failure('narrow')).to.match(/'\w+' has th/);
        await recovers();
      });

      it('not finite: is refused, with the place', async () => {
        expect(await failure('nan')).to.match(/'\w+' is NaN at waypoint 2, column 3/);
        await recovers();
      });

      if (OWN) return;

      it('unintelligible: is refused', async () => {
        expect(await failure('garbage')).to.match(
          /not understood|no JSON|msgpack|MessagePack|Unexpected|Unrecognized/i,
        );
      });

      it('of a gigabyte: is not taken in', async () => {
        const before = process.memoryUsage().rss;
        expect(await failure('huge')).to.match(/larger than 256000000 B|Max payload size exceeded|within 1 s/);
        expect(process.memoryUsage().rss - before).to.be.below(MEMORY);
      });
    });
  }
});
