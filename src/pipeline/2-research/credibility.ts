import type { SourceKind } from '../store/sources.ts';

/** How far a source of each kind can be believed about a company, 0–1, and why. Own words and sworn ones first, hearsay last. */
export const CREDIBILITY: Record<SourceKind, { value: number; why: string }> = {
  site: { value: 0.95, why: 'the company’s own site: it knows, though it praises itself' },
  docs: { value: 0.95, why: 'the company’s own documentation describes what exists' },
  filing: { value: 0.9, why: 'a filing: wrong statements are punished, though it is often a year old' },
  jobs: {
    value: 0.85,
    why: 'a job advertisement: money is spent on what it says, though it speaks of plans',
  },
  funding: { value: 0.75, why: 'report of a funding round: checked by a desk, often from a press release' },
  news: { value: 0.7, why: 'press: second hand, checked by a desk' },
  profile: { value: 0.55, why: 'a directory’s profile: copied, seldom dated' },
  review: { value: 0.5, why: 'customers’ and employees’ opinions' },
  other: { value: 0.45, why: 'a page of unknown standing' },
  forum: { value: 0.3, why: 'anybody may write in a forum' },
};

export function credibilityOf(kind: SourceKind): number {
  return CREDIBILITY[kind].value;
}
