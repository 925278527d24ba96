import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { LaunchError } from './launch-error.js';

/** An element of an XML document. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Child elements in document order. */
  readonly children: readonly XmlElement[];
  readonly file: string;
  /** Line on which the element starts, from 1. */
  readonly line: number;
}

/** What the parser delivers for a node: one key with the children, `:@` with the attributes, and its position. */
type ParsedNode = Readonly<Record<string, unknown>> & { readonly ':@'?: Readonly<Record<string, string>> };

const METADATA = XMLParser.getMetaDataSymbol() as unknown as keyof ParsedNode;

/**
 * Parses XML and keeps the order of elements and the lines they stand on.
 * @param file named in errors
 * @throws LaunchError where the text is no well-formed XML, or holds text outside of elements and attributes
 */
export function parseXml(text: string, file: string): XmlElement {
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) throw new LaunchError(file, verdict.err.line, verdict.err.msg);
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    captureMetaData: true,
    ignoreDeclaration: true,
    ignorePiTags: true,
  });
  const elements = toElements(parser.parse(text) as ParsedNode[], text, file, 1);
  const root = elements[0];
  if (root === undefined) throw new LaunchError(file, 1, 'no element');
  return root;
}

function toElements(nodes: readonly ParsedNode[], text: string, file: string, parentLine: number): XmlElement[] {
  return nodes.map((node) => {
    const name = Object.keys(node).find((key) => key !== ':@') as string;
    if (name === '#text') throw new LaunchError(file, parentLine, `unexpected text "${String(node[name])}"`);
    const { startIndex } = node[METADATA] as { startIndex: number };
    const line = text.slice(0, startIndex).split('\n').length;
    return {
      name,
      attributes: new Map(Object.entries(node[':@'] ?? {})),
      children: toElements(node[name] as ParsedNode[], text, file, line),
      file,
      line,
    };
  });
}
