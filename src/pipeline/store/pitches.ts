import type { Tx } from '../../db.ts';
import type { PitchSettings } from './pitch-settings.ts';

/** A source that a pitch cites. */
export type Citation = { number: number; quote: string; url: string };

export type Pitch = {
  id: string;
  companyId: string;
  template: string;
  /** Hash of everything that it was made from. */
  fingerprint: string;
  keyPoints: readonly string[];
  callToAction: string;
  text: string;
  citations: readonly Citation[];
  /** Sentences that could not be proven and were cut. */
  cut: number;
  method: 'llm' | 'phrases';
  textModel: string | null;
  writtenAt: Date;
};

const COLUMNS = `id, company_id as "companyId", template, fingerprint, key_points as "keyPoints",
  call_to_action as "callToAction", text, citations, cut, method, text_model as "textModel", written_at as "writtenAt"`;

// After a month a pitch is made anew even from the same evidence: it reads as of its day.
const REUSE_DAYS = 30;

/**
 * The pitch that was made from exactly this, not longer than 30 days ago; it becomes the current one. One that was written for
 * want of the text model's answer is none.
 */
export async function reusePitch(
  tx: Tx,
  companyId: string,
  template: string,
  fingerprint: string,
): Promise<Pitch | null> {
  const { rows } = await tx.query<Pitch & { current: boolean }>(
    `select ${COLUMNS}, current from pitches where company_id = $1 and template = $2 and fingerprint = $3
     and written_at > now() - make_interval(days => $4) and not awaits_model`,
    [companyId, template, fingerprint, REUSE_DAYS],
  );
  const found = rows[0];
  if (found === undefined) return null;
  if (!found.current)
    await tx.query('update pitches set current = (id = $2) where company_id = $1 and (current or id = $2)', [
      companyId,
      found.id,
    ]);
  return found;
}

export async function findCurrentPitch(tx: Tx, companyId: string): Promise<Pitch | null> {
  const { rows } = await tx.query<Pitch>(`select ${COLUMNS} from pitches where company_id = $1 and current`, [
    companyId,
  ]);
  return rows[0] ?? null;
}

/** With what a version was made. */
export type PitchMaking = {
  madeWith: {
    settings: PitchSettings;
    /** Hashes; a null: there was no profile. */
    template: string;
    seller: string | null;
    prompt: string;
    words: number;
    /** The evidence did not fill the length that was asked for. */
    short: boolean;
  } | null;
  /** What the text model wrote and could not be proven. */
  cuts: readonly { text: string; reason: string }[];
};

export async function readPitchMaking(tx: Tx, pitchId: string): Promise<PitchMaking | null> {
  const { rows } = await tx.query<PitchMaking>(
    'select made_with as "madeWith", cuts from pitches where id = $1',
    [pitchId],
  );
  return rows[0] ?? null;
}

/** Stores a pitch and makes it current; older ones stay as versions. `awaitsModel`: the text model was asked and did not answer. */
export async function savePitch(
  tx: Tx,
  workspaceId: string,
  pitch: Omit<Pitch, 'id' | 'writtenAt'> & Partial<PitchMaking> & { awaitsModel: boolean },
): Promise<void> {
  await tx.query('update pitches set current = false where company_id = $1 and current', [pitch.companyId]);
  await tx.query(
    `insert into pitches (workspace_id, company_id, template, fingerprint, key_points, call_to_action, text, citations, cut,
       method, text_model, awaits_model, made_with, cuts)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     on conflict (workspace_id, company_id, template, fingerprint) do update set
       key_points = excluded.key_points, call_to_action = excluded.call_to_action, text = excluded.text,
       citations = excluded.citations, cut = excluded.cut, method = excluded.method, text_model = excluded.text_model,
       awaits_model = excluded.awaits_model, made_with = excluded.made_with, cuts = excluded.cuts, current = true, written_at = now()`,
    [
      workspaceId,
      pitch.companyId,
      pitch.template,
      pitch.fingerprint,
      JSON.stringify(pitch.keyPoints),
      pitch.callToAction,
      pitch.text,
      JSON.stringify(pitch.citations),
      pitch.cut,
      pitch.method,
      pitch.textModel,
      pitch.awaitsModel,
      pitch.madeWith ? JSON.stringify(pitch.madeWith) : null,
      JSON.stringify(pitch.cuts ?? []),
    ],
  );
}
