import { describeStarter } from '../../pipeline/describe-starter.ts';
import type { UserError } from '../../errors.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import type { PitchRequest } from '../../pipeline/store/pitch-requests.ts';
import { describeWaiting } from '../auth/describe-waiting.ts';
import { describeAskForm } from './describe-ask-form.ts';
import type { TypedAsk } from './describe-ask-form.ts';
import { describeEditForm } from './describe-edit-form.ts';
import type { TypedEdit } from './describe-edit-form.ts';
import { describeChanges, describeEdits, describeManner, describeVersions } from './describe-versions.ts';
import { linkWith } from './pager.ts';
import { linkToPitch } from './pitch-address.ts';
import { VERSIONS_SHOWN } from './pitch-desk.ts';
import type { Desk } from './pitch-desk.ts';

/** What became of somebody's edit. */
const EDITED = {
  stored: 'Stored. It stays through every new version until it is taken back.',
  same: 'Nothing was stored: these are the words that stood there.',
  undone: 'Taken back: what stood there before shows again.',
};
export type Edited = keyof typeof EDITED;

/** What could not be kept of what somebody sent. */
export type Typed = { edit?: TypedEdit; ask?: TypedAsk };

// Behind it a pitch is written.
const BEFORE_PITCH = 'personas';

/** The parts of the page on which somebody works on a company's pitch, below what the pitch says. */
export function describeDesk(
  company: Company,
  desk: Desk,
  {
    typed,
    spent,
    edited,
    isScored,
    textModels,
  }: {
    typed: Typed;
    spent: UserError | null;
    edited: Edited | null;
    isScored: boolean;
    /** Those that may be chosen. */
    textModels: readonly string[];
  },
) {
  const { pitch, generated, wanted } = desk;
  const path = `/companies/${encodeURIComponent(company.domain)}`;
  const here = (end = ''): string => linkToPitch(company.domain, wanted, end);
  return {
    path,
    missing: wanted !== null && pitch === null ? nameOf(desk, wanted) : null,
    tabs: describeTabs(company, desk),
    progress: desk.open.map(({ request, item }) => ({
      ...describeProgress(company, { request, item }),
      name: nameOf(desk, request),
      isAsked: request.id === desk.asked?.id,
      by: request.askedBy.name === null ? '' : describeStarter(request.askedBy),
      state: `${path}/pitch-requests/${request.id}/state`,
      cancel: `${path}/pitch-requests/${request.id}/cancel`,
      result: linkWith(`${path}/pitch`, { request: request.id }),
    })),
    outcome: describeOutcome(desk, edited),
    edit:
      pitch === null || generated === null
        ? null
        : {
            ...describeEditForm(pitch, generated, typed.edit ?? null),
            action: here('/edit'),
            undo: here('/undo'),
          },
    ask: isScored
      ? {
          ...describeAskForm(desk, typed.ask ?? null, textModels),
          action: linkWith(`${path}/pitches`, { ...wanted }),
        }
      : null,
    spent: spent === null ? null : { why: spent.message, fix: spent.fix ?? '' },
    manner: describeManner(desk.making?.madeWith ?? null),
    ...describeChanges(desk.making?.changes ?? []),
    versions: describeVersions(desk.versions.slice(0, VERSIONS_SHOWN), path),
    older: desk.versions.length > VERSIONS_SHOWN ? linkToOlder(company.domain, desk) : null,
    newest: here(),
    edits: describeEdits(desk.edits),
  };
}

/** How far a pitch is that was asked for; `step` of `steps`. */
export function describeProgress(company: Company, { request, item }: Desk['open'][number]) {
  const scoring = item !== null && (item.state === 'queued' || item.state === 'working') ? item : null;
  const { doing, step, steps } = describeWaiting({
    state: 'working',
    companies: [company],
    ready: 0,
    stage: scoring === null ? BEFORE_PITCH : scoring.stage,
    begun:
      scoring === null ? request.state === 'working' : scoring.state === 'working' || scoring.stage !== null,
  });
  return { doing, step, steps };
}

/** The company's own first, then each other that it has. */
function describeTabs(company: Company, desk: Desk) {
  const others = desk.pitches.filter(({ current }) => !current);
  const { wanted } = desk;
  return [
    { label: 'In the CRM', href: linkToPitch(company.domain, null), on: wanted === null },
    ...others.map(({ template, persona }) => ({
      label: nameOf(desk, { template, persona }),
      href: linkToPitch(company.domain, { template, persona }),
      on: wanted?.template === template && wanted.persona === persona,
    })),
  ];
}

/** "Executive, for the technical leader" */
function nameOf(
  { templates, personas }: Desk,
  { template, persona }: { template: string; persona: string },
): string {
  const title = templates.find(({ name }) => name === template)?.title ?? template;
  const role = personas.find((one) => one.role === persona)?.title ?? persona;
  return persona === '' ? title : `${title}, for the ${role}`;
}

/** What became of what was asked for here; null: nothing was, or it is under way. */
function describeOutcome({ asked, pitch, making }: Desk, edited: Edited | null) {
  if (edited !== null) return { good: true, text: EDITED[edited], fix: '' };
  if (asked === null || asked.state === 'waiting' || asked.state === 'working') return null;
  if (asked.state === 'cancelled') return { good: true, text: 'Cancelled: nothing was written.', fix: '' };
  if (asked.state === 'failed')
    return { good: false, text: asked.error ?? 'Nobody knows why.', fix: asked.fix ?? 'Write it again.' };
  if (asked.pitchId === null || pitch === null)
    return { good: false, text: 'What was written is not there any more.', fix: 'Write it again.' };
  if (wasStored(asked))
    return {
      good: true,
      text: 'Nothing changed since it was written: this is the stored one, at no cost.',
      fix: '',
    };
  return making?.awaitsModel === true
    ? {
        good: false,
        text: 'The LLM did not answer: the template’s own words stand for now.',
        fix: 'Write it again later.',
      }
    : { good: true, text: `Version ${pitch.version} is written.`, fix: '' };
}

/** It was over in the moment in which it was asked for. */
function wasStored({ askedAt, finishedAt }: PitchRequest): boolean {
  return finishedAt?.getTime() === askedAt.getTime();
}

function linkToOlder(domain: string, { wanted, versions }: Desk): string {
  const below = versions[VERSIONS_SHOWN - 1]?.version;
  const path = `/companies/${encodeURIComponent(domain)}/pitch`;
  return `${linkWith(path, { ...wanted, below: String(below) })}#versions`;
}
