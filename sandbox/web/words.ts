import { parseHTML } from 'linkedom';

type Node = {
  nodeType: number;
  localName?: string;
  nodeValue: string | null;
  firstChild: Node | null;
  nextSibling: Node | null;
  getAttribute?(name: string): string | null;
};

const UNSEEN = new Set(['script', 'style', 'template', 'noscript', 'nav', 'footer', 'head', 'svg', 'iframe']);
const TEXT_NODE = 3;

/** What is not laid out at all; text off screen or white on white is indexed, as crawlers do. */
function isAbsent(node: Node): boolean {
  if (UNSEEN.has(node.localName ?? '')) return true;
  if (node.getAttribute === undefined) return false;
  return node.getAttribute('hidden') !== null || /display:\s*none/i.test(node.getAttribute('style') ?? '');
}

/** The words of an HTML document as a crawler would index them: without scripts, styles, navigation and footer. */
export function visibleWords(html: string): string {
  const { document }: { document: { documentElement: Node | null } } = parseHTML(html);
  const parts: string[] = [];
  const open: (Node | null)[] = [document.documentElement];
  while (open.length > 0) {
    const node = open.pop();
    if (node === null || node === undefined) continue;
    open.push(node.nextSibling);
    if (node.nodeType === TEXT_NODE) parts.push(node.nodeValue ?? '');
    else if (!isAbsent(node)) open.push(node.firstChild);
  }
  return parts.join(' ').replace(/\s+/g, ' ').trim();
}
