/**
 * Which topics are chosen: those that one of `include` matches and none of `exclude`. In a pattern `*` stands for any
 * characters, slashes too; one that begins with neither `/` nor `*` is taken relative to `namespace`, as topic names are.
 * @param namespace ends in a slash
 */
export function topicFilter(
  include: readonly string[],
  exclude: readonly string[],
  namespace = '/',
): (topic: string) => boolean {
  const [included, excluded] = [include, exclude].map((patterns) => patterns.map((text) => pattern(text, namespace)));
  return (topic) => included!.some((p) => p.test(topic)) && !excluded!.some((p) => p.test(topic));
}

function pattern(text: string, namespace: string): RegExp {
  const absolute = /^[/*]/.test(text) ? text : `${namespace}${text}`;
  const escaped = absolute.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`);
}
