import { type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq } from 'yaml';

/**
 * Where a value stands in a YAML document. A key that is absent is given the position of the mapping it is missing
 * from.
 * @returns offset: characters from the start of the text
 */
export function locate(document: Document, path: readonly PropertyKey[]): { offset: number } {
  let offset = 0;
  let node: unknown = document.contents;
  for (const step of path) {
    const container: unknown = isAlias(node) ? node.resolve(document) : node;
    if (isMap(container)) {
      const pair = container.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (!isPair(pair)) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(container)) {
      node = container.items[Number(step)];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    } else {
      break;
    }
  }
  return { offset };
}
