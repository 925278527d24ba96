import './domain.js';
import { expect } from 'chai';
import { type OpenNode, openNode } from '../../src/ros/open-node.js';
import { latched, reliable } from '../../src/ros/qos.js';
import type { RosNode } from '../../src/ros/ros-node.js';

describe('RosNode', () => {
  let open: OpenNode;
  let node: RosNode;
  before(async () => {
    open = await openNode('tester', ['--ros-args', '-r', '__ns:=/robot']);
    node = open.node;
  });
  after(() => open.close());
  afterEach(() => node.destroyEntities());

  /** Calls `attempt` until the promise settles: subscriptions take a moment to be found. */
  async function until<T>(promise: Promise<T>, attempt: () => void): Promise<T> {
    const timer = setInterval(attempt, 20);
    try {
      return await promise;
    } finally {
      clearInterval(timer);
    }
  }

  it('knows its name and the time', () => {
    expect(node.name).to.equal('/robot/tester');
    expect(node.namespace).to.equal('/robot/');
    expect(node.now()).to.be.closeTo(Date.now() / 1e3, 1);
  });

  it('publishes and receives typed messages', async () => {
    const publisher = node.createPublisher('sensor_msgs/msg/JointState', 'joints', reliable());
    expect(publisher.topic).to.equal('/robot/joints');
    const received = new Promise<Float64Array>((resolve) => {
      node.createSubscription('sensor_msgs/msg/JointState', 'joints', reliable(), ({ position }) => resolve(position));
    });
    const position = await until(received, () => publisher.publish({ position: [1, 2, 3] }));
    expect(position).to.deep.equal(Float64Array.of(1, 2, 3));
    expect(publisher.subscriptionCount).to.equal(1);
  });

  it('passes raw bytes through', async () => {
    const bytes = Buffer.from(node.codec('std_msgs/msg/String').encode({ data: 'raw' }));
    const publisher = node.createPublisher('std_msgs/msg/String', 'raw', latched());
    const received = new Promise<Buffer>((resolve) => {
      node.createRawSubscription('std_msgs/msg/String', 'raw', latched(), resolve);
    });
    publisher.publishRaw(bytes);
    expect((await received).subarray(0, bytes.length)).to.deep.equal(bytes);
  });

  it('drops and counts bytes that are no such message', async () => {
    const publisher = node.createPublisher('sensor_msgs/msg/JointState', 'bad', reliable());
    const garbage = Buffer.from('0001000000000000000000000000000000ffffff7f', 'hex');
    let calls = 0;
    const subscription = node.createSubscription('sensor_msgs/msg/JointState', 'bad', reliable(), () => calls++);
    const dropped = new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (subscription.malformed === 0) return;
        clearInterval(timer);
        resolve();
      }, 10);
    });
    await until(dropped, () => publisher.publishRaw(garbage));
    expect(calls).to.equal(0);
    expect(subscription.received).to.equal(subscription.malformed);
  });

  it('does not read what nobody wants', async () => {
    const publisher = node.createPublisher('std_msgs/msg/String', 'seldom', reliable());
    let asked = 0;
    const wanted = () => ++asked % 3 === 0;
    const text = new Promise<string>((resolve) => {
      node.createSubscription('std_msgs/msg/String', 'seldom', reliable(), ({ data }) => resolve(data), wanted);
    });
    let sent = 0;
    await until(text, () => publisher.publish({ data: String(sent++) }));
    expect(asked).to.be.at.least(3);
    expect(Number(await text)).to.be.at.least(2);
  });

  it('answers services, also when the handler fails', async () => {
    node.createService('std_srvs/srv/Trigger', 'good', () => ({ success: true, message: 'done' }));
    node.createService('std_srvs/srv/Trigger', 'failing', async () => {
      throw new Error('no cup in sight');
    });
    const good = node.createClient('std_srvs/srv/Trigger', 'good');
    const failing = node.createClient('std_srvs/srv/Trigger', 'failing');
    expect(await good.call({})).to.deep.equal({ success: true, message: 'done' });
    expect(await failing.call({})).to.deep.equal({ success: false, message: 'no cup in sight' });
  });

  it('says that nobody offers a service', async () => {
    const client = node.createClient('std_srvs/srv/Trigger', 'nobody');
    const error = await client.call({}, 0.1).catch((reason: Error) => reason);
    expect(error)
      .to.be.an('error')
      .with.property('message', 'service nobody is not offered by any node (waited 0.1 s)');
  });

  it('carries out actions', async () => {
    const type = 'cosmos_humanoid/action/ExecuteInstruction';
    node.createActionServer(type, 'act', {
      execute: (goal) => {
        goal.publishFeedback({ stage: 'reaching', progress: 0.5, confidence: 1, elapsed: 0 });
        goal.succeed();
        return { success: true, reason: 0, message: 'placed', duration: 1 };
      },
    });
    const client = node.createActionClient(type, 'act');
    expect(await client.waitForServer(5000)).to.equal(true);
    const goal = await client.sendGoal({ instruction: 'place the cup', timeout: 0 });
    expect(await goal.getResult()).to.deep.include({ success: true, message: 'placed' });
    expect(goal.isSucceeded()).to.equal(true);
  });

  it('destroys what a scope made, and that only', () => {
    const kept = node.createPublisher('std_msgs/msg/String', 'kept', reliable());
    const scope = node.beginScope();
    node.createPublisher('std_msgs/msg/String', 'passing', reliable());
    const release = scope.end();
    expect(node.native.countPublishers('/robot/passing')).to.equal(1);
    release();
    expect(node.native.countPublishers('/robot/passing')).to.equal(0);
    expect(node.native.countPublishers(kept.topic)).to.equal(1);
  });
});
