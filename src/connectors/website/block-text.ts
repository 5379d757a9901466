import { oneLine } from './clean-text.ts';
import { isElement, isText, walk } from './dom.ts';
import type { DomElement, DomNode } from './dom.ts';

const BLOCKS = new Set(
  'address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre search section summary table tbody td tfoot th thead tr ul br'.split(
    ' ',
  ),
);

/**
 * The text of a tree as lines, one per block, in reading order. Lines that repeat an earlier one (cloned slides, doubled menus)
 * are left out.
 * @param skip elements whose insides are left out
 */
export function blockText(root: DomNode, skip: (element: DomElement) => boolean = () => false): string {
  const lines: string[] = [];
  const said = new Set<string>();
  let line: string[] = [];
  const endLine = (): void => {
    const text = oneLine(line.join(''));
    line = [];
    if (text === '' || said.has(text)) return;
    said.add(text);
    lines.push(text);
  };
  walk(
    root,
    (node) => {
      if (isText(node)) line.push(node.nodeValue ?? '');
      if (!isElement(node)) return false;
      if (node.localName === 'head' || node.localName === 'title') return false;
      if (node !== root && skip(node)) return false;
      if (BLOCKS.has(node.localName)) endLine();
      return true;
    },
    (element) => {
      if (BLOCKS.has(element.localName)) endLine();
    },
  );
  endLine();
  return lines.join('\n');
}
