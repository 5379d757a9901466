import { parseHTML } from 'linkedom';

/** The little of the DOM that reading a page takes. */
export type DomNode = {
  nodeType: number;
  nodeValue: string | null;
  parentNode: DomNode | null;
  firstChild: DomNode | null;
  nextSibling: DomNode | null;
  remove(): void;
};
export type DomElement = DomNode & {
  localName: string;
  getAttribute(name: string): string | null;
};
export type DomDocument = { documentElement: DomElement | null };

const ELEMENT = 1;
const TEXT = 3;
const COMMENT = 8;

export function isElement(node: DomNode): node is DomElement {
  return node.nodeType === ELEMENT;
}

export function isText(node: DomNode): boolean {
  return node.nodeType === TEXT;
}

export function isComment(node: DomNode): boolean {
  return node.nodeType === COMMENT;
}

/** Parses HTML; fragments, and documents that begin in the middle, get the elements they lack. */
export function parseDocument(html: string): DomDocument {
  const document = parseAsIs(html);
  if (document.documentElement?.localName === 'html') return document;
  return parseAsIs(/<body[\s>]/i.test(html) ? `<html>${html}</html>` : `<html><body>${html}</body></html>`);
}

function parseAsIs(html: string): DomDocument {
  const { document }: { document: DomDocument } = parseHTML(html);
  return document;
}

/**
 * Visits a tree in reading order without recursion, so that nesting of any depth ends well.
 * @param enter called for each node; answers false to skip what is inside it. It may remove the node.
 * @param leave called when an element that was entered is done
 */
export function walk(
  root: DomNode,
  enter: (node: DomNode, depth: number) => boolean,
  leave?: (element: DomElement) => void,
): void {
  const stack: { node: DomNode; next: DomNode | null }[] = [];
  let node: DomNode | null = root;
  for (;;) {
    while (node !== null) {
      const next: DomNode | null = node === root ? null : node.nextSibling;
      const inside = enter(node, stack.length);
      if (inside && isElement(node)) {
        stack.push({ node, next });
        node = node.firstChild;
      } else node = next;
    }
    const done = stack.pop();
    if (done === undefined) return;
    if (leave !== undefined && isElement(done.node)) leave(done.node);
    node = done.next;
  }
}

/** The first element in reading order for which `test` holds. */
export function findElement(root: DomNode, test: (element: DomElement) => boolean): DomElement | null {
  let found: DomElement | null = null;
  walk(root, (node) => {
    if (found === null && isElement(node) && test(node)) found = node;
    return found === null;
  });
  return found;
}

/** All text inside a node, as it stands in the source. */
export function textOf(root: DomNode): string {
  const parts: string[] = [];
  walk(root, (node) => {
    if (isText(node)) parts.push(node.nodeValue ?? '');
    return true;
  });
  return parts.join('');
}
