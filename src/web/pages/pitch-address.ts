import type { Request } from 'express';
import { linkWith } from './pager.ts';

/** Which of a company's pitches is meant; null: the company's own. */
export type Wanted = { template: string; persona: string } | null;

/** The pitch that an address names in its query: `?template=executive&persona=cfo`. */
export function readWanted(query: Request['query']): Wanted {
  const template = readText(query['template']);
  return template === '' ? null : { template, persona: readText(query['persona']) };
}

/** Where a company's pitch lies. `end`: of the path, as `.pdf` or `/edit`. */
export function linkToPitch(domain: string, wanted: Wanted, end = ''): string {
  return linkWith(`/companies/${encodeURIComponent(domain)}/pitch${end}`, { ...wanted });
}

function readText(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll('\0', '').slice(0, 60) : '';
}
