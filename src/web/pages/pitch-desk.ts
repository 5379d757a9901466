import type { Tx } from '../../db.ts';
import { listTemplates } from '../../pipeline/6-pitch/template-library.ts';
import type { TemplateEntry } from '../../pipeline/6-pitch/template-library.ts';
import type { ShownPitch } from '../../pipeline/apply-edits.ts';
import { withEdits } from '../../pipeline/read-pitch.ts';
import { listPersonas } from '../../pipeline/store/personas.ts';
import type { Persona } from '../../pipeline/store/personas.ts';
import { listEdits } from '../../pipeline/store/pitch-edits.ts';
import type { PastEdit } from '../../pipeline/store/pitch-edits.ts';
import { findRequest, listOpenRequests } from '../../pipeline/store/pitch-requests.ts';
import type { PitchRequest } from '../../pipeline/store/pitch-requests.ts';
import { readPitchSettings } from '../../pipeline/store/pitch-settings.ts';
import type { PitchSettings } from '../../pipeline/store/pitch-settings.ts';
import { listShownPitches, listVersionsOf } from '../../pipeline/store/pitch-versions.ts';
import type { PitchVersion } from '../../pipeline/store/pitch-versions.ts';
import { findPitch, findShownPitch, readPitchMaking } from '../../pipeline/store/pitches.ts';
import type { Pitch, PitchMaking } from '../../pipeline/store/pitches.ts';
import { findItems } from '../../pipeline/store/run-items.ts';
import type { RunItem } from '../../pipeline/store/run-items.ts';
import type { Wanted } from './pitch-address.ts';

export const VERSIONS_SHOWN = 10;
const EDITS_SHOWN = 20;

/** What somebody needs who works on a company's pitch. */
export type Desk = {
  /** Which pitch it is about; null: the company's own. */
  wanted: Wanted;
  /** As people see it; null: there is none of these. */
  pitch: ShownPitch | null;
  /** As it was generated. */
  generated: Pitch | null;
  making: PitchMaking | null;
  /** All that the company has. */
  pitches: Awaited<ReturnType<typeof listShownPitches>>;
  /** One more than are shown, where there are more. */
  versions: PitchVersion[];
  edits: PastEdit[];
  /** What is being made, with the company's place in the run that finds its score. */
  open: { request: PitchRequest; item: RunItem | null }[];
  /** What somebody asked for on this page, however it stands. */
  asked: PitchRequest | null;
  templates: TemplateEntry[];
  personas: Persona[];
  settings: PitchSettings;
};

export type DeskRequest = {
  wanted: Wanted;
  /** The company's own pitch; null: it has none. */
  own: ShownPitch | null;
  /** What was asked for here. */
  requestId?: string | null;
  /** The version that the page of versions before ended with. */
  below?: number | null;
};

/** Reads the desk of a pitch. What was asked for here and is made decides which one that is. */
export async function readDesk(
  tx: Tx,
  companyId: string,
  { own, requestId = null, below = null, ...request }: DeskRequest,
): Promise<Desk> {
  const found = requestId === null ? null : await findRequest(tx, requestId);
  const asked = found?.companyId === companyId ? found : null;
  const wanted = asked === null ? request.wanted : await findAsked(tx, asked, own);
  const key = { companyId, template: wanted?.template ?? '', persona: wanted?.persona ?? '' };
  const stored = wanted === null ? null : await findShownPitch(tx, key);
  const pitch = wanted === null ? own : stored && (await withEdits(tx, stored));
  const open = await listOpenRequests(tx, companyId);
  const desk: Desk = {
    wanted,
    pitch,
    generated: pitch === null ? null : await findPitch(tx, pitch.id),
    making: pitch === null ? null : await readPitchMaking(tx, pitch.id),
    pitches: await listShownPitches(tx, companyId),
    versions: pitch === null ? [] : await listVersionsOf(tx, pitch, { below, limit: VERSIONS_SHOWN + 1 }),
    edits: pitch === null ? [] : await listEdits(tx, pitch, EDITS_SHOWN),
    open: [],
    asked,
    templates: await listTemplates(tx),
    personas: await listPersonas(tx, companyId),
    settings: await readPitchSettings(tx),
  };
  for (const one of open) {
    const [item = null] = one.runId === null ? [] : await findItems(tx, one.runId, [companyId]);
    desk.open.push({ request: one, item });
  }
  return desk;
}

/** The pitch that was asked for, where it is made; else the one of its template, where there is one, else the company's own. */
async function findAsked(tx: Tx, asked: PitchRequest, own: ShownPitch | null): Promise<Wanted> {
  const made = asked.pitchId === null ? null : await findPitch(tx, asked.pitchId);
  const { companyId, template, persona } = made ?? asked;
  if (made !== null) return made.id === own?.id ? null : { template, persona };
  if (own?.template === template && own.persona === persona) return null;
  return (await findShownPitch(tx, { companyId, template, persona })) === null ? null : { template, persona };
}
