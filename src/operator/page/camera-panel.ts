import { showImage } from './camera-view.js';
import type { DataLink } from './data-link.js';
import { byId, describe, say } from './dom.js';
import type { Image } from './messages.js';
import type { Painter } from './painter.js';

/**
 * Pictures of one camera, those that are looked at: a simulated one renders only then.
 * @param robot its namespace, ends in a slash
 */
export function showCameras(robot: string, link: DataLink, painter: Painter): void {
  const select = byId<HTMLSelectElement>('camera');
  const kinds = ['color', 'depth'] as const;
  let shown = '';
  const show = () => {
    for (const kind of kinds) {
      if (shown !== '') link.forget(`${robot}${shown}/${kind}/image_raw`);
      link.hearUnread<Image>(`${robot}${select.value}/${kind}/image_raw`, (read) => {
        if (!document.hidden) showImage(painter, byId<HTMLCanvasElement>(kind), read);
      });
    }
    shown = select.value;
  };
  select.addEventListener('change', () => {
    show();
    // Its list is closed, and keys are for the page again.
    select.blur();
  });
  show();
  setInterval(() => {
    for (const kind of kinds) {
      const silence = link.silence(`${robot}${shown}/${kind}/image_raw`);
      const caption = byId(`${kind}-caption`);
      caption.classList.toggle('stale', silence > 2);
      const what = kind === 'color' ? 'colour' : 'depth, red 0.3 m to blue 1.6 m';
      say(caption, silence > 2 ? `${what}: no picture for ${describe(silence)}` : what);
    }
  }, 1000);
}

/** What the model expects to see when it has carried out what it proposes; not every model says. @param robot as above */
export function showPrediction(robot: string, link: DataLink, painter: Painter): void {
  const topic = `${robot}cosmos/predicted_image`;
  link.hearUnread<Image>(topic, (read) => {
    if (!document.hidden) showImage(painter, byId<HTMLCanvasElement>('predicted'), read);
  });
  setInterval(() => {
    const silence = link.silence(topic);
    const caption = byId('predicted-caption');
    caption.classList.toggle('stale', silence > 2 && silence < Infinity);
    const what = 'what the model expects to see';
    const none = `${what}: it has published none`;
    say(caption, silence < 2 ? what : silence === Infinity ? none : `${what}: none for ${describe(silence)}`);
  }, 1000);
}
