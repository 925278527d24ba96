import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { StopMode } from '../../src/control/stop-state.js';
import type { Message } from '../../src/ros/messages.js';
import { packagePath } from '../../src/ros/package-path.js';
import { toSeconds } from '../../src/ros/time.js';

const CHROMIUM = '/usr/bin/chromium';
/** Runs it so that its drawing, without graphics hardware, does not come before everything else. */
const MODEST_CHROMIUM = packagePath('test/web/chromium.sh');
const ARGUMENTS = ['--no-sandbox', '--disable-dev-shm-usage', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
/** Nothing takes longer, s. */
const PATIENCE = 60;

/** For what was sent before to arrive, s. */
const SETTLING = 0.4;

/** Delays of emergency stops by the page, ms. */
export interface KeyStops {
  /** From the key's event, by the time that the browser gave it, to the first command of the stopped loop. */
  readonly fromKey: number[];
  /** From the moment that the browser was told to press it. */
  readonly fromPress: number[];
}

/** Niceness of the browser's session where it stands for one on a computer of its own: it has the processor when it wants it. */
const OWN_SHARE = '-10';

/** A robot that can be stopped and let go again. */
export interface Stoppable {
  /** What its loop last said. */
  readonly state: () => Message<'cosmos_humanoid/msg/ControllerState'> | undefined;
  /** Lets it go, as far as it can be. */
  readonly release: () => Promise<void>;
}

/**
 * Opens the operator page of a running graph in Chromium and presses the space bar, again and again, each time after the
 * robot was let go.
 * @param own the browser goes before the graph, as if it had a computer of its own, which only root may have it do
 * @returns undefined where there is no Chromium
 */
export async function pressSpaceBar(
  robot: Stoppable,
  port: number,
  times: number,
  own = false,
): Promise<KeyStops | undefined> {
  if (own && process.getuid?.() !== 0) {
    console.log('the space bar of a browser with a processor of its own is not measured: that takes root');
    return undefined;
  }
  if (!existsSync(CHROMIUM)) {
    console.log(`${CHROMIUM} is missing: the space bar is not measured (Debian: apt-get install chromium)`);
    return undefined;
  }
  const stops: KeyStops = { fromKey: [], fromPress: [] };
  let browser: Browser | undefined;
  try {
    // Of ordinary priority, as who opens the page on the robot's machine has it.
    const env = { ...process.env, CHROMIUM_NICENESS: '0', ...(own ? { CHROMIUM_SHARE: OWN_SHARE } : {}) };
    browser = await chromium.launch({ executablePath: MODEST_CHROMIUM, args: ARGUMENTS, env });
    const page = await browser.newPage({ viewport: { width: 1280, height: 1160 } });
    await page.goto(`http://localhost:${port}/`);
    await page.evaluate(`window.addEventListener('keydown', ({ timeStamp }) => {
      window.pressed = Date.now() - (performance.now() - timeStamp);
    }, { capture: true })`);
    await page.locator('#reset-hint', { hasText: /^after a stop$/ }).waitFor({ timeout: 1e3 * PATIENCE });
    await page.locator('#safety-text', { hasText: /./ }).waitFor({ timeout: 1e3 * PATIENCE });
    for (let i = 0; i < times; i++) {
      await letGo(robot);
      await pause(0.3 * Math.random());
      const told = Date.now();
      await page.keyboard.press('Space');
      await until('the loop damps', () => robot.state()?.mode === StopMode.damping);
      const damped = 1e3 * toSeconds(robot.state()!.mode_since);
      stops.fromKey.push(damped - Number(await page.evaluate('window.pressed')));
      stops.fromPress.push(damped - told);
    }
  } finally {
    await browser?.close();
  }
  return stops;
}

/** Lets the robot go, and again where a stop that the page sent in another way came after the reset. */
async function letGo(robot: Stoppable): Promise<void> {
  const deadline = performance.now() + 1e3 * PATIENCE;
  do {
    if (performance.now() > deadline) throw new Error('the robot cannot be let go');
    await pause(SETTLING);
    await robot.release().catch(() => {});
    await pause(SETTLING);
  } while (robot.state()?.mode !== StopMode.running);
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 1e3 * PATIENCE;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`never came true: ${what}`);
    await pause(0.005);
  }
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1e3 * seconds));
}
