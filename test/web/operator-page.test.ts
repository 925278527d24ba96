import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { type Browser, chromium, type Page } from 'playwright-core';
import { StopMode } from '../../src/control/stop-state.js';
import { Level } from '../../src/ros/diagnostics.js';
import { subscriptionsOf } from '../../src/ros/endpoints.js';
import type { Message } from '../../src/ros/messages.js';
import { packagePath } from '../../src/ros/package-path.js';
import { latched, reliable, sensorData } from '../../src/ros/qos.js';
import { toSeconds } from '../../src/ros/time.js';
import { freePort } from '../graph/operator-fixture.js';
import { type Latest, TestGraph } from '../graph/test-graph.js';

const CHROMIUM = '/usr/bin/chromium';
const PATIENT_CHROMIUM = packagePath('test/web/chromium.sh');
const INSTRUCTION = 'pick up the red cup and place it in the bin';
/** What the page says of each level of SafetyState.msg. */
const SAFETY_WORDS = ['No stop', 'Warning', 'Protective stop', 'Emergency stop'];
/** Time for anything that has to happen in the page, ms; much more than it takes. */
const PATIENCE = 60_000;

describe('web: operator page', function () {
  this.timeout(240_000);

  let graph: TestGraph;
  let controller: Latest<'cosmos_humanoid/msg/ControllerState'>;
  let port: number;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];
  /** What safety_monitor saw and did, since the test began. */
  let safety: Latest<'cosmos_humanoid/msg/SafetyState'>;
  const events: string[] = [];

  before(async function () {
    if (!existsSync(CHROMIUM)) {
      console.log(`      ${CHROMIUM} is missing: the page is not tested (Debian: apt-get install chromium)`);
      this.skip();
    }
    port = await freePort();
    graph = await TestGraph.start('launch/sim.launch.xml', {
      // That the robot stands on its own feet is not tested here.
      support: 'gantry',
      seed: '11',
      instruction: INSTRUCTION,
      params_file: packagePath('test/graph/pipeline.params.yaml'),
      patience: '20.0',
      missed_stop: '1.0',
      operator_port: String(port),
    });
    controller = graph.listen('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData(1));
    safety = graph.listen('cosmos_humanoid/msg/SafetyState', 'safety/state', latched());
    graph.node.createSubscription(
      'cosmos_humanoid/msg/SafetyEvent',
      'safety/events',
      reliable(50),
      ({ header, cause, text }) => events.push(`${toSeconds(header.stamp).toFixed(3)} ${cause}: ${text}`),
    );
    await graph.until('the loop runs', () => controller.count > 0);
    await graph.until('the bridge serves', async () => {
      const answer = await fetch(`http://localhost:${port}/`).catch(() => undefined);
      return answer?.ok === true;
    });
    browser = await chromium.launch({
      executablePath: PATIENT_CHROMIUM,
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
    });
    page = await browser.newPage({ viewport: { width: 1280, height: 1160 } });
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      // That a connection is refused while the bridge is down is no error of the page.
      if (message.type() === 'error' && !/WebSocket|ERR_CONNECTION/.test(message.text())) errors.push(message.text());
    });
    await page.goto(`http://localhost:${port}/`);
  });

  after(async () => {
    await browser?.close();
    await graph?.stop();
  });

  /** Adds how the robot is to an error: the first question where something does not come to be. */
  function explain(error: unknown): never {
    const { level, reasons = [] } = safety.message ?? {};
    const now = `loop: mode ${controller.message?.mode}; safety: level ${level}: ${reasons.join('; ')}`;
    throw new Error(`${(error as Error).message}\n${now}\nbefore:\n${events.slice(-12).join('\n')}`, { cause: error });
  }

  /** Waits until an element's text is as it should be. */
  async function shows(selector: string, text: RegExp): Promise<void> {
    await page.locator(selector, { hasText: text }).first().waitFor().catch(explain);
  }

  /** Waits for something to come true. */
  async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    await graph.until(what, holds).catch(explain);
  }

  const moved = (from: ArrayLike<number>, { position }: Message<'cosmos_humanoid/msg/ControllerState'>) =>
    position.reduce((most, value, i) => Math.max(most, Math.abs(value - from[i]!)), 0);

  /** Resets, as people do, until the robot is let go. */
  async function reset(): Promise<void> {
    await until('the robot is let go', async () => {
      await page.locator('#reset').click();
      await page.locator('#confirm-reset').click();
      await page.locator('#stop-note', { hasText: /reset(:| refused)/ }).waitFor();
      await new Promise((resolve) => setTimeout(resolve, 200));
      return controller.message?.mode === StopMode.running;
    });
  }

  /** A robot that was stopped without stiffness hangs as no reset accepts it; in the simulation it can start anew. */
  async function startAnew(): Promise<void> {
    await page.locator('#anew').click();
    await shows('#stop-note', /placed anew/);
    await until('the robot is let go', () => controller.message?.mode === StopMode.running);
  }

  it('shows the robot, what its camera sees and how it is', async () => {
    await shows('#connection', /^connected$/);
    await until('the nodes are up', async () => (await graph.call('lifecycle_manager/is_active')).success);
    await reset();
    await shows('#safety-word', /No stop|Warning/);
    await shows('#nodes summary', /^joint_controller/);
    await shows('#nodes-sum', /\d+ (well|with a warning)/);
    // The page says for a moment that it is late where a busy machine makes it so.
    await page.locator('#banner').waitFor({ state: 'hidden' });
    for (const id of ['color', 'depth']) {
      // Asked from here: the page's content security policy forbids that it asks itself again and again.
      const values = `new Set(${id}.getContext('2d').getImageData(0, 0, ${id}.width, ${id}.height).data).size`;
      await graph.until(`${id} is drawn`, async () => Number(await page.evaluate(values)) > 20);
    }
    await shows('#plots p', /largest .* mrad/);
  });

  it('shows what a node says of itself, with its figures, where it is opened', async () => {
    const node = page.locator('#nodes details', { hasText: /^operator_bridge/ });
    expect(await node.locator('dt').count()).to.equal(0);
    await node.locator('summary').press('Enter');
    await node.locator('dt', { hasText: /^bridge$/ }).waitFor();
    await node.locator('dd', { hasText: /clients \d+, offered \d+/ }).waitFor();
    await node.locator('summary').press('Enter');
    expect(controller.message?.mode).to.equal(StopMode.running);
  });

  it('says which nodes are in error, and which are silent', async () => {
    const speaker = graph.node.createPublisher('diagnostic_msgs/msg/DiagnosticArray', '/diagnostics', reliable());
    const status = [
      { level: Level.error, name: 'passing: part', message: 'it is broken', hardware_id: '', values: [] },
    ];
    await until('it is shown', async () => {
      speaker.publish({ status });
      return (await page.locator('#nodes summary', { hasText: /^passing: it is broken$/ }).count()) === 1;
    });
    await shows('#nodes-sum', /\d in error/);
    await shows('#nodes summary', /^passing: silent for \d+ s, last: it is broken$/);
    await shows('#nodes-sum', /\d silent/);
  });

  it('holds the robot by the protective stop, and lets it go after a reset that was asked for twice', async () => {
    await page.locator('#protective').click();
    await until('the loop holds', () => controller.message?.mode === StopMode.hold);
    await shows('#safety-word', /^Protective stop$/);
    await shows('#safety-text', /slows down and holds/);
    await reset();
  });

  it('shows the cameras’ points while that is switched on', async () => {
    const listeners = () => subscriptionsOf(graph.node, '/camera_fusion/points').length;
    expect(listeners()).to.equal(0);
    await page.locator('#points').click();
    await shows('#points', /^Points: \d{3,}$/);
    expect(listeners()).to.equal(1);
    const shot = process.env.OPERATOR_SCREENSHOT;
    if (shot !== undefined) await page.screenshot({ path: shot.replace(/(\.\w+)?$/, '_points$1') });
    await page.locator('#points').click();
    await shows('#points', /^Points$/);
    await until('nobody listens any more', () => listeners() === 0);
  });

  it('shows what the model expects to see, and says where it expects nothing', async () => {
    await shows('#predicted-caption', /has published none/);
    const pictures = graph.node.createPublisher('sensor_msgs/msg/Image', 'cosmos/predicted_image', sensorData(1));
    const data = Uint8Array.from({ length: 3 * 64 * 48 }, (_, i) => (i % 3 === 1 ? 200 : 20));
    const timer = setInterval(
      () => pictures.publish({ width: 64, height: 48, encoding: 'rgb8', step: 192, data } as never),
      200,
    );
    await shows('#predicted-caption', /^what the model expects to see$/);
    // The page draws a little later than it says so.
    await graph.until('the picture is drawn', async () => {
      const pixel = await page.evaluate(`[...predicted.getContext('2d').getImageData(10, 10, 1, 1).data].join()`);
      return pixel === '20,200,20,255';
    });
    clearInterval(timer);
    await shows('#predicted-caption', /none for \d+ s/);
  });

  it('carries an instruction out, and shows what the policy proposes and why the rest is rejected', async () => {
    const from = controller.message!.position.slice();
    await instruct();
    await shows('#history li', /under way/);
    await shows('#candidates li.best', /carried out/);
    await shows('#candidates li:not(.best)', /\d+\.\d cm off: (farther from|as good as)/);
    await until('the robot moves', () => moved(from, controller.message!) > 0.1);
    await shows('#stage', /\d s, confidence \d+ %/);
    const shot = process.env.OPERATOR_SCREENSHOT;
    if (shot !== undefined) await page.screenshot({ path: shot });
  });

  async function instruct(): Promise<void> {
    await page.locator('#instruction').fill(INSTRUCTION);
    await page.locator('#instruction').press('Enter');
  }

  /** Somebody comes near, and is lost from sight: the robot stands from then on. */
  async function standForPeople(): Promise<void> {
    const scale = graph.listen('std_msgs/msg/Float64', 'motion_planner/speed_scale', latched());
    const people = graph.node.createPublisher('cosmos_humanoid/msg/TrackedObstacles', 'people', sensorData(1));
    await until('the robot stands', () => {
      const stands = scale.message?.data === 0;
      const header = { stamp: graph.node.stamp(), frame_id: 'base_link' };
      if (!stands) people.publish({ header, positions: [{ x: 0.5, y: 0, z: 0.2 }], radii: [0.2] } as never);
      return stands;
    });
  }

  it('takes an instruction back', async () => {
    // A robot that stands carries nothing out, so that what follows has all the time that it needs.
    await standForPeople();
    await until('it is taken back', async () => {
      const latest = (await page.locator('#history li').first().textContent()) ?? '';
      if (/cancelled by the client/.test(latest)) return true;
      // The one from before may just have ended; a button that is disabled is not pressed.
      if (/under way/.test(latest)) await page.locator('#cancel').dispatchEvent('click');
      else await instruct();
      return false;
    });
  });

  it('stops the loop by the space bar, whatever was chosen before, and says so in words', async () => {
    await instruct();
    await shows('#history li', /under way/);
    await page.locator('#camera').selectOption({ index: 1 });
    await page.locator('#camera').focus();
    await page.keyboard.press('Space');
    await until('the loop damps', () => controller.message?.mode === StopMode.damping);
    await shows('#safety-word', /^Emergency stop$/);
    await shows('#stop-note', /^stopped/);
    await shows('#history li', /stopped/);
  });

  it('resets after it was asked twice, never by the space bar', async () => {
    await page.locator('#reset').click();
    await page.keyboard.press('Space');
    await page.locator('#confirm[open]').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('#confirm[open]').waitFor({ state: 'hidden' });
    expect(controller.message?.mode).to.equal(StopMode.damping);
    await startAnew();
    await shows('#safety-word', /No stop|Warning/);
  });

  it('stops by the button while it asks whether to reset, and by escape leaves everything as it is', async () => {
    await page.locator('#reset').click();
    await page.locator('#confirm[open]').waitFor();
    await page.locator('#stop').click();
    await until('the loop damps', () => controller.message?.mode === StopMode.damping);
    await page.keyboard.press('Escape');
    await page.locator('#confirm[open]').waitFor({ state: 'hidden' });
    expect(controller.message?.mode).to.equal(StopMode.damping);
    await startAnew();
  });

  it('does not stop the robot while somebody types, and lets it be stopped by a click', async () => {
    await page.locator('#instruction').fill('');
    await page.locator('#instruction').press('Enter');
    await shows('#task-note', /^not sent: the instruction is empty$/);
    await page.locator('#instruction').pressSequentially('a b c');
    expect(await page.locator('#instruction').inputValue()).to.equal('a b c');
    expect(controller.message?.mode).to.equal(StopMode.running);
    await page.locator('#stop').click();
    await until('the loop damps', () => controller.message?.mode === StopMode.damping);
    await startAnew();
  });

  it('says that a stop is not confirmed, and that what it shows is old, while the whole bridge hangs', async () => {
    await until('the robot runs', () => controller.message?.mode === StopMode.running);
    const pid = graph.launcher.pids.get('operator_bridge')!;
    process.kill(pid, 'SIGSTOP');
    try {
      await shows('#banner', /Nothing heard on/);
      await page.keyboard.press('Space');
      await shows('#stop-note', /NOT CONFIRMED BY THE ROBOT: use the hardware stop/);
      expect(controller.message?.mode).to.equal(StopMode.running);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until('the loop damps', () => controller.message?.mode === StopMode.damping);
    await shows('#stop-note', /^stopped/);
    await startAnew();
  });

  it('says that the connection is lost, and is back when the bridge is', async () => {
    process.kill(graph.launcher.pids.get('operator_bridge')!, 'SIGKILL');
    await shows('#banner', /No connection to the robot since/);
    await shows('#connection', /^not connected$/);
    await shows('#connection', /^connected$/);
    await page.locator('#banner').waitFor({ state: 'hidden' });
    // Whatever the robot has come to meanwhile, the page says it …
    await until('the page says how the robot is', async () => {
      const word = await page.locator('#safety-word').textContent();
      return word === SAFETY_WORDS[safety.message!.level];
    });
    // … and lets it go and stops it as before.
    await startAnew();
    await page.keyboard.press('Space');
    await until('the loop damps', () => controller.message?.mode === StopMode.damping);
    await shows('#stop-note', /^stopped/);
    await shows('#safety-word', /^Emergency stop$/);
    await startAnew();
    expect(errors).to.deep.equal([]);
  });
});
