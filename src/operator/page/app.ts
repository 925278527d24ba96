import { showCameras, showPrediction } from './camera-panel.js';
import { CandidatesPanel } from './candidates-panel.js';
import { ControlLink } from './control-link.js';
import { DataLink } from './data-link.js';
import { byId, describe, say } from './dom.js';
import { LatencyMeter } from './latency.js';
import type {
  ActionChunk,
  ActionPrediction,
  ControllerState,
  DiagnosticArray,
  HandReference,
  JointState,
  JointTrajectory,
  PointCloud,
  SafetyState,
  Text,
} from './messages.js';
import { NodesPanel } from './nodes-panel.js';
import { Painter } from './painter.js';
import { LivePlot } from './plots.js';
import { drawsByProcessor, RobotView } from './robot-view.js';
import { bridgeUrl } from './socket.js';
import { StopControls } from './stop-controls.js';
import { TaskPanel } from './task-panel.js';

/** Topics whose silence for this time, s, makes the page say that what it shows is old. */
const STALE = { joint_states: 1, 'safety/state': 1, 'joint_controller/state': 1 };

/** Age of what comes from which the page says so, s. */
const OLD = 1;

/** Pictures of the page and of a topic, Hz; less of a topic where a processor draws, so that keys are heard in time. */
const PICTURES = 20;
const SOFTWARE_PICTURES = 5;
/** Share of the time that drawing may take, so that keys are heard; less where a processor draws, on which others wait too. */
const SHARE = 0.2;
const SOFTWARE_SHARE = 0.1;
/** Pictures are never farther apart, s; more where a processor draws that has no time for it. */
const LONGEST = 1;
const SOFTWARE_LONGEST = 4;
/** Drawings of a plot, Hz. */
const PLOTS = 2;

const COLORS = ['#4c8dff', '#ff8a1f', '#2fa86a', '#b065e0'] as const;

let lostSince: Date | undefined = new Date();
let started = false;

// The stops come first: they need nothing of what follows.
const control: ControlLink = new ControlLink(
  (event) => {
    if (event.op === 'welcome') {
      stops.allow(event.allowed);
      tasks.welcome(event.history);
      if (!started) start(event.namespace);
      started = true;
    } else if (event.op === 'stopped') stops.passedOn();
    else if (event.op === 'task') tasks.report(event.task);
  },
  (open) => {
    lostSince = open ? undefined : (lostSince ?? new Date());
    if (!open) stops.lost();
    showConnection();
    if (!open) void explain();
  },
);
const stops = new StopControls(control);
const tasks = new TaskPanel(control);
const candidates = new CandidatesPanel();

let data: DataLink | undefined;
let namespace = '/';

byId('theme').addEventListener('click', () => {
  const dark =
    document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  document.documentElement.dataset.theme = dark === 'dark' ? 'light' : 'dark';
});
setInterval(showConnection, 500);

/** @param robot its namespace, ends in a slash */
function start(robot: string): void {
  namespace = robot;
  const software = drawsByProcessor();
  const painter = software
    ? new Painter(PICTURES, SOFTWARE_SHARE, SOFTWARE_LONGEST)
    : new Painter(PICTURES, SHARE, LONGEST);
  const robotView = tryTo(() => new RobotView(byId('scene'), painter, software));
  const link = new DataLink(software ? SOFTWARE_PICTURES : PICTURES);
  data = link;
  const hear = <T>(topic: string, handle: (message: T) => void) => link.hear(`${robot}${topic}`, handle);
  const latency = new LatencyMeter();

  hear<SafetyState>('safety/state', (message) => stops.observeSafety(message));
  hear<Text>('instruction', (message) => tasks.observeInstruction(message.data));
  showCameras(robot, link, painter);
  showPrediction(robot, link, painter);
  const nodes = new NodesPanel();
  link.hear<DiagnosticArray>('/diagnostics', (array) => {
    nodes.observe(array);
    candidates.observeDiagnostics(array);
  });

  hear<Text>('robot_description', (message) => robotView?.describe(message.data));
  if (robotView !== undefined) switchPoints(link, `${robot}camera_fusion/points`, robotView);
  link.hearUnread<JointState>(`${robot}joint_states`, (read) => robotView?.measure(read));
  link.hearUnread<JointTrajectory>(`${robot}motion_planner/joint_trajectory`, (read) => robotView?.plan(read));
  hear<ActionPrediction>('cosmos/action_prediction', (message) => {
    painter.request(candidates, () => candidates.observe(message));
    latency.observePrediction(message);
    robotView?.believe(message);
  });
  hear<ActionChunk>('action_decoder/action_chunk', (message) => {
    latency.observeChunk(message);
    robotView?.aim(message);
  });
  hear<HandReference>('motion_planner/hand_reference', (message) => latency.observePlan(message));
  const plots = makePlots(latency, painter);
  hear<ControllerState>('joint_controller/state', (message) => {
    stops.observeController(message);
    latency.observeController(message);
    plots(message);
  });
}

/** @returns takes in what the loop says */
function makePlots(latency: LatencyMeter, painter: Painter): (state: ControllerState) => void {
  const box = byId('plots');
  const series = (...labels: string[]) => labels.map((label, i) => ({ label, color: COLORS[i % COLORS.length]! }));
  const error = new LivePlot(box, 'Joint error', 'mrad', series('largest', 'rms'));
  const torque = new LivePlot(box, 'Torque', 'Nm', series('largest', 'rms'));
  const late = new LivePlot(box, 'Loop is late by', 'µs', series('median', '99 %'));
  const delay = new LivePlot(box, 'Latency by stage', 'ms', series('camera to prediction', 'decode', 'plan', 'apply'));
  setInterval(() => {
    const { predict, decode, plan, apply } = latency.delays;
    if (!document.hidden) delay.add(predict, decode, plan, apply);
    for (const plot of [error, torque, late, delay]) painter.request(plot, () => plot.draw());
  }, 1000 / PLOTS);
  return ({ position_error, torque: torques, timing }) => {
    error.add(1000 * largest(position_error), 1000 * rms(position_error));
    torque.add(largest(torques), rms(torques));
    late.add(1e6 * timing.late_p50, 1e6 * timing.late_p99);
  };
}

/** The cameras' points, which are gathered and sent only while they are looked at. */
function switchPoints(link: DataLink, topic: string, view: RobotView): void {
  const button = byId<HTMLButtonElement>('points');
  let on = false;
  button.addEventListener('click', () => {
    on = !on;
    button.ariaPressed = String(on);
    say(button, 'Points');
    if (!on) {
      link.forget(topic);
      view.showPoints(undefined);
      return;
    }
    link.hear<PointCloud>(topic, (cloud) => {
      if (document.hidden) return;
      say(button, `Points: ${view.showPoints(cloud)}`);
    });
  });
}

function showConnection(): void {
  const box = byId('connection');
  const banner = byId('banner');
  const silent = Object.entries(STALE).filter(([topic, limit]) => (data?.silence(`${namespace}${topic}`) ?? 0) > limit);
  const lost = lostSince !== undefined;
  const lag = data?.lag ?? 0;
  const stale = silent.length > 0 || lag > OLD;
  document.body.classList.toggle('lost', lost || stale);
  box.dataset.state = lost ? 'lost' : stale ? 'stale' : 'ok';
  say(box, lost ? 'not connected' : stale ? 'data is stale' : 'connected');
  banner.hidden = !lost && !stale;
  if (lost) {
    const since = lostSince?.toLocaleTimeString();
    say(banner, `No connection to the robot since ${since}: what is shown is old. Trying again. ${reason}`);
  } else if (silent.length > 0) {
    const [[topic]] = silent as [[string, number]];
    const silence = data?.silence(`${namespace}${topic}`) ?? 0;
    say(banner, `Nothing heard on ${topic} for ${describe(silence)}: what is shown is old.`);
  } else if (stale) say(banner, `What is shown is ${lag.toFixed(1)} s old: page or network cannot keep up.`);
}

let reason = '';

/** A browser does not tell why a WebSocket was refused; the bridge does when asked. */
async function explain(): Promise<void> {
  try {
    const answer = await fetch(bridgeUrl('/access', 'http'));
    reason = answer.ok ? '' : (await answer.text()).trim();
  } catch {
    reason = '';
  }
}

/** Without WebGL the rest of the page works all the same. */
function tryTo<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    byId('scene').textContent = `no 3-D view: ${(error as Error).message}`;
    return undefined;
  }
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function rms(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
}
