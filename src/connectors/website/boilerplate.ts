import { isElement, isText, walk } from './dom.ts';
import type { DomElement, DomNode } from './dom.ts';

const FRAME_TAGS = new Set(['nav', 'footer', 'menu', 'dialog', 'search']);
const SOFT_FRAME_TAGS = new Set(['aside', 'form']);
const FRAME_ROLES = new Set(
  'navigation banner contentinfo dialog alertdialog complementary search menu menubar'.split(' '),
);
const FRAME_NAMES = new Set(
  'nav navbar navigation menu topbar footer sidebar breadcrumb breadcrumbs modal popup newsletter skip skiplink share social pagination lang languages'.split(
    ' ',
  ),
);
const CONSENT_NAMES = new Set('cookie cookies cookiebar cookiebanner consent gdpr'.split(' '));
// Names like "has-sidebar" or "menu-open" stand on wrappers of whole pages, and some systems wrap the page in a form: what holds
// more than its share of the page's text is no frame. The surer the sign, the larger the share.
const SHARE = { sign: 0.9, consent: 0.75, name: 0.4 };
const LINK_LIST_DENSITY = 0.85;

type Weight = { text: number; linked: number; links: number };

function namesOf(element: DomElement): string[] {
  const words = `${element.getAttribute('class') ?? ''} ${element.getAttribute('id') ?? ''}`;
  return words
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
}

/** How much text and how many links stand inside each element. */
function weighElements(root: DomNode): Map<DomNode, Weight> {
  const weights = new Map<DomNode, Weight>();
  const open: { weight: Weight; link: boolean }[] = [];
  walk(
    root,
    (node) => {
      const parent = open.at(-1);
      if (isText(node) && parent !== undefined) {
        const length = (node.nodeValue ?? '').trim().length;
        parent.weight.text += length;
        if (parent.link) parent.weight.linked += length;
      }
      if (!isElement(node) || node.localName === 'head') return false;
      const weight: Weight = { text: 0, linked: 0, links: node.localName === 'a' ? 1 : 0 };
      weights.set(node, weight);
      open.push({ weight, link: node.localName === 'a' || parent?.link === true });
      return true;
    },
    () => {
      const done = open.pop()?.weight;
      const parent = open.at(-1)?.weight;
      if (done === undefined || parent === undefined) return;
      parent.text += done.text;
      parent.linked += done.linked;
      parent.links += done.links;
    },
  );
  return weights;
}

/**
 * Tells the frame of a page (navigation, banners, footers, cookie notices, lists of links) from its content.
 * @returns a test for elements of that tree
 */
export function findFrame(root: DomNode): (element: DomElement) => boolean {
  const weights = weighElements(root);
  const whole = weights.get(root)?.text ?? 0;
  return (element) => {
    const weight = weights.get(element);
    if (weight === undefined || weight.text === 0) return false;
    const linkShare = weight.linked / weight.text;
    const tag = element.localName;
    if (
      (tag === 'ul' || tag === 'ol' || tag === 'header' || tag === 'dl') &&
      weight.links >= 3 &&
      linkShare > LINK_LIST_DENSITY
    )
      return true;
    const share = weight.text / whole;
    if (share > SHARE.sign) return false;
    if (FRAME_TAGS.has(tag) || FRAME_ROLES.has(element.getAttribute('role') ?? '')) return true;
    const names = namesOf(element);
    if (share <= SHARE.consent && names.some((name) => CONSENT_NAMES.has(name))) return true;
    if (share > SHARE.name) return false;
    if (SOFT_FRAME_TAGS.has(tag) || (tag === 'header' && weight.links >= 3)) return true;
    return names.some((name) => FRAME_NAMES.has(name));
  };
}
