/** The element of an id. @throws Error where there is none */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element as T;
}

/** Sets an element's text where it differs: screen readers repeat what is set. */
export function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** An element with a class and children. */
export function make(tag: string, className = '', ...children: (Node | string)[]): HTMLElement {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

/** How long something has been silent, in words. @param silence s */
export function describe(silence: number): string {
  return Number.isFinite(silence) ? `${silence.toFixed(0)} s` : 'as long as the page is open';
}
