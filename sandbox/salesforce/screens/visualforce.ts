import { readFile } from 'node:fs/promises';
import { DOMParser } from 'linkedom';
import { z } from 'zod';
import { html } from '../../kit/html.ts';
import type { Html } from '../../kit/html.ts';
import { evaluate, fillIn } from './terms.ts';
import type { Names } from './terms.ts';

const Option = z.object({ value: z.string(), label: z.string() });

const PAGES = new URL('../../../crm/salesforce/force-app/main/default/pages/', import.meta.url);

/** The little of the DOM that reading a page takes. */
type Node = {
  nodeType: number;
  nodeValue: string | null;
  childNodes: Iterable<Node>;
};
type Element = Node & {
  tagName: string;
  // Not getAttribute, which escapes what it answers in XML.
  getAttributeNode(name: string): { value: string } | null;
};

/** What stands behind a page: its controller's properties, what its form carries along, and what went wrong. */
export type Behind = {
  names: Names;
  /** Its methods, which the page's buttons run, or its opening. */
  methods: readonly string[];
  /** Where the form goes, and what of the request before it carries along, as the platform's view state does. */
  action: string;
  carried: readonly (readonly [name: string, value: string])[];
  problems: readonly string[];
};

/**
 * A Visualforce page of the package as HTML: the components that its pages use, and no others.
 * @throws Error for a component that the twin does not know, and for a name that the controller does not have
 */
export async function renderVisualforce(page: string, behind: Behind): Promise<Html> {
  return html`${renderNode(await readPage(page), behind)}`;
}

/** The method that a page runs when it is opened, before it is shown; null: none. */
export async function findOpening(page: string): Promise<string | null> {
  return methodIn(await readPage(page));
}

const readPage = async (page: string): Promise<Element> => {
  const markup = await readFile(new URL(`${page}.page`, PAGES), 'utf8');
  const root: Element = new DOMParser().parseFromString(markup, 'text/xml').documentElement;
  return root;
};

const read = (element: Element, name: string): string | null => element.getAttributeNode(name)?.value ?? null;
const isElement = (node: Node): node is Element => node.nodeType === 1;

function renderNode(node: Node, behind: Behind): Html | string {
  if (node.nodeType === 3) return fillIn(node.nodeValue ?? '', behind.names);
  if (!isElement(node)) return '';
  const rendered = read(node, 'rendered');
  if (rendered !== null && valueOf(rendered, behind.names) !== true) return '';
  const render = COMPONENTS[node.tagName];
  if (render === undefined) throw new Error(`the twin does not know <${node.tagName}>`);
  return render(node, behind);
}

const renderChildren = (node: Node, behind: Behind): (Html | string)[] =>
  [...node.childNodes].map((child) => renderNode(child, behind));

const textOf = (element: Element, name: string, { names }: Behind): string =>
  fillIn(read(element, name) ?? '', names);

/** The value of an attribute that is one term. */
const valueOf = (attribute: string, names: Names): unknown => {
  const term = /^\{!(.*)\}$/s.exec(attribute)?.[1];
  return term === undefined ? attribute : evaluate(term, names);
};

const methodIn = (element: Element): string | null =>
  /^\{!(\w+)\}$/.exec(read(element, 'action') ?? '')?.[1] ?? null;

/** @throws Error where the controller has no such method */
const actionOf = (element: Element, { methods }: Behind): string | null => {
  const method = methodIn(element);
  if (method !== null && !methods.includes(method))
    throw new Error(`the page runs ${method}, and its controller has no such method`);
  return method;
};

const COMPONENTS: Readonly<Record<string, (element: Element, behind: Behind) => Html>> = {
  'apex:page': (element, behind) => {
    actionOf(element, behind);
    return html`${renderChildren(element, behind)}`;
  },
  'apex:form': (element, behind) =>
    html`<form method="post" action="${behind.action}">
      ${behind.carried.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
      ${renderChildren(element, behind)}
    </form>`,
  'apex:pageMessages': (_element, { problems }) =>
    html`${problems.map((problem) => html`<p class="problem" role="alert">${problem}</p>`)}`,
  'apex:pageBlock': (element, behind) =>
    html`<section>
      <h1>${textOf(element, 'title', behind)}</h1>
      ${renderChildren(element, behind)}
    </section>`,
  'apex:outputPanel': (element, behind) => html`<div>${renderChildren(element, behind)}</div>`,
  'apex:commandButton': (element, behind) => {
    const method = actionOf(element, behind);
    return html`<button name="action" value="${method}">${textOf(element, 'value', behind)}</button>`;
  },
  'apex:outputLink': (element, behind) =>
    html`<a
      href="${textOf(element, 'value', behind)}"
      target="${read(element, 'target') ?? '_self'}"
      rel="noopener"
      >${renderChildren(element, behind)}</a
    >`,
  'apex:outputLabel': (element, behind) =>
    html`<label for="${read(element, 'for')}">${textOf(element, 'value', behind)}</label>`,
  'apex:selectList': (element, behind) => {
    // A field carries the name of the property that it fills.
    const property = /^\{!(\w+)\}$/.exec(read(element, 'value') ?? '')?.[1] ?? '';
    const chosen = evaluate(property, behind.names);
    const lists = [...element.childNodes].filter(isElement);
    return html`<select id="${read(element, 'id')}" name="${property}">
      ${lists.map((list) => renderOptions(list, chosen, behind))}
    </select>`;
  },
  'apex:dataTable': renderTable,
  p: (element, behind) => html`<p>${renderChildren(element, behind)}</p>`,
};

/** Options are { value, label }, as SelectOption is. */
function renderOptions(element: Element, chosen: unknown, { names }: Behind): Html {
  if (element.tagName !== 'apex:selectOptions')
    throw new Error(`the twin does not know <${element.tagName}>`);
  const options = z.array(Option).parse(valueOf(read(element, 'value') ?? '', names));
  return html`${options.map(
    ({ value, label }) =>
      html`<option value="${value}" ${value === chosen ? html`selected` : null}>${label}</option>`,
  )}`;
}

function renderTable(element: Element, behind: Behind): Html {
  const rows = valueOf(read(element, 'value') ?? '', behind.names);
  const each = read(element, 'var') ?? '';
  const columns = [...element.childNodes].filter(isElement);
  return html`<table>
    <thead>
      <tr>
        ${columns.map((column) => html`<th>${textOf(column, 'headerValue', behind)}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${(Array.isArray(rows) ? rows : []).map((row: unknown) => {
        const within = { ...behind, names: { ...behind.names, [each]: row } };
        return html`<tr>
          ${columns.map(
            (column) => html`<td>${textOf(column, 'value', within)}${renderChildren(column, within)}</td>`,
          )}
        </tr>`;
      })}
    </tbody>
  </table>`;
}
