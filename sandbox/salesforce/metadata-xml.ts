import { DOMParser } from 'linkedom';
import { Refusal } from './call.ts';

/** An XML element as plain data: text, or children by name (a repeated name gives a list). */
export type Tree = string | { [name: string]: Tree[] };

type Element = {
  localName: string;
  children: Iterable<Element>;
  textContent: string | null;
  getAttribute(name: string): string | null;
};

function toTree(element: Element): Tree {
  const children = [...element.children];
  if (children.length === 0) return element.textContent ?? '';
  const tree: { [name: string]: Tree[] } = {};
  for (const child of children) (tree[plainName(child)] ??= []).push(toTree(child));
  return tree;
}

const plainName = (element: Element): string => element.localName.replace(/^.*:/, '');

export type SoapCall = {
  sessionId: string | undefined;
  method: string;
  items: { type: string; tree: Tree }[];
  args: Tree;
};

/** A SOAP envelope → who asks for what. */
export function readEnvelope(xml: string): SoapCall {
  const root: Element | null = new DOMParser().parseFromString(xml, 'text/xml').documentElement;
  const bad = () => new Refusal(500, 'soapenv:Client', 'The request is not a SOAP envelope');
  if (root === null || plainName(root) !== 'Envelope') throw bad();
  const parts = new Map([...root.children].map((part) => [plainName(part), part]));
  const [method] = [...(parts.get('Body')?.children ?? [])];
  if (method === undefined) throw bad();
  const header = parts.get('Header');
  const sessionId = [...(header?.children ?? [])]
    .filter((each) => plainName(each) === 'SessionHeader')
    .flatMap((each) => [...each.children])
    .find((each) => plainName(each) === 'sessionId')?.textContent;
  return {
    sessionId: sessionId ?? undefined,
    method: plainName(method),
    items: [...method.children]
      .filter((each) => plainName(each) === 'metadata')
      .map((each) => ({ type: each.getAttribute('xsi:type') ?? '', tree: toTree(each) })),
    args: toTree(method),
  };
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const OPEN =
  '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"';

/** The answer to a method: one <result> each. */
export function writeResults(method: string, results: readonly string[]): string {
  const inner = results.map((result) => `<result>${result}</result>`).join('');
  return `${OPEN} xmlns="http://soap.sforce.com/2006/04/metadata"><soapenv:Body><${method}Response>${inner}</${method}Response></soapenv:Body></soapenv:Envelope>`;
}

/** A SOAP fault, which the platform answers with status 500. */
export function writeFault(code: string, message: string): string {
  return `${OPEN} xmlns:sf="http://soap.sforce.com/2006/04/metadata"><soapenv:Body><soapenv:Fault><faultcode>sf:${code}</faultcode><faultstring>${escapeXml(`${code}: ${message}`)}</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>`;
}
