import type { Tx } from '../../db.ts';
import type { PitchSettings } from './pitch-settings.ts';

/** A source that a pitch cites. */
export type Citation = { number: number; quote: string; url: string };

/** One version of a pitch. */
export type Pitch = {
  id: string;
  companyId: string;
  template: string;
  /** The role that it is written for; empty: nobody in particular. */
  persona: string;
  /** From 1 on, for each company, template and persona. */
  version: number;
  /** Hash of everything that it was made from. */
  fingerprint: string;
  keyPoints: readonly string[];
  callToAction: string;
  text: string;
  citations: readonly Citation[];
  /** Sentences that could not be proven and were cut. */
  cut: number;
  method: 'llm' | 'phrases';
  /** The text model that wrote it; null: none did. */
  textModel: string | null;
  /** The one that it was asked of: another than wrote it where the fallback endpoint did. Null: there was none. */
  askedModel: string | null;
  /** The one that settings or a wish named: another than was asked where the operator does not allow it. Null: they named none. */
  chosenModel: string | null;
  writtenAt: Date;
};

/** A pitch of a company: one template's, for one persona or (empty) for nobody in particular. */
export type PitchKey = { companyId: string; template: string; persona: string };

export const PITCH_COLUMNS = `id, company_id as "companyId", template, persona, version, fingerprint, key_points as "keyPoints",
  call_to_action as "callToAction", text, citations, cut, method, text_model as "textModel",
  made_from->>'textModel' as "askedModel", made_with->'settings'->>'model' as "chosenModel", written_at as "writtenAt"`;

const MAKING =
  'made_with as "madeWith", cuts, made_from as "madeFrom", changes, awaits_model as "awaitsModel"';

// After a month a pitch is made anew even from the same evidence: it reads as of its day.
const REUSE_DAYS = 30;

/**
 * The pitch that was made from exactly this, not longer than 30 days ago; it becomes the one that is shown, and the company's where
 * it is to be `current`. One that was written for want of the text model's answer is none.
 */
export async function reusePitch(
  tx: Tx,
  key: PitchKey,
  { fingerprint, current }: { fingerprint: string; current: boolean },
): Promise<Pitch | null> {
  const { rows } = await tx.query<Pitch>(
    `select ${PITCH_COLUMNS} from pitches where company_id = $1 and template = $2 and persona = $3 and fingerprint = $4
       and written_at > now() - make_interval(days => $5) and not awaits_model order by version desc limit 1`,
    [key.companyId, key.template, key.persona, fingerprint, REUSE_DAYS],
  );
  const found = rows[0];
  if (found === undefined) return null;
  await showVersion(tx, found, current);
  return found;
}

async function showVersion(
  tx: Tx,
  { id, companyId, template, persona }: Pitch,
  current: boolean,
): Promise<void> {
  await tx.query(
    `update pitches set shown = case when template = $3 and persona = $4 then id = $2 else shown end,
       current = case when $5 then id = $2 else current end
     where company_id = $1 and (template = $3 and persona = $4 and shown <> (id = $2) or $5 and current <> (id = $2))`,
    [companyId, id, template, persona, current],
  );
}

/** The company's pitch: the one that its workspace's settings ask for, which the CRM shows. */
export async function findCurrentPitch(tx: Tx, companyId: string): Promise<Pitch | null> {
  const { rows } = await tx.query<Pitch>(
    `select ${PITCH_COLUMNS} from pitches where company_id = $1 and current`,
    [companyId],
  );
  return rows[0] ?? null;
}

/** The version that a template shows for a persona: the one that was asked for last. */
export async function findShownPitch(
  tx: Tx,
  { companyId, template, persona }: PitchKey,
): Promise<Pitch | null> {
  const { rows } = await tx.query<Pitch>(
    `select ${PITCH_COLUMNS} from pitches where company_id = $1 and template = $2 and persona = $3 and shown`,
    [companyId, template, persona],
  );
  return rows[0] ?? null;
}

/** Versions of a company's pitches, the youngest first; of one template, or of all. `after`: the last of the page before. */
export async function listVersions(
  tx: Tx,
  companyId: string,
  page: { template?: string | undefined; after: { writtenAt: string; id: string } | null; limit: number },
): Promise<(Pitch & { changes: readonly PitchChange[]; current: boolean; place: string })[]> {
  const { rows } = await tx.query<
    Pitch & { changes: readonly PitchChange[]; current: boolean; place: string }
  >(
    `select ${PITCH_COLUMNS}, changes, current, written_at::text as place from pitches where company_id = $1 and ($2::text is null or template = $2)
       and ($3::timestamptz is null or (written_at, id) < ($3, $4::uuid)) order by written_at desc, id desc limit $5`,
    [companyId, page.template ?? null, page.after?.writtenAt ?? null, page.after?.id ?? null, page.limit],
  );
  return rows;
}

export async function findPitch(tx: Tx, id: string): Promise<Pitch | null> {
  const { rows } = await tx.query<Pitch>(`select ${PITCH_COLUMNS} from pitches where id = $1`, [id]);
  return rows[0] ?? null;
}

/** The newest version, with what it was made from; one that `fingerprint` would complete does not count. Null: there is none. */
export async function findVersionBefore(
  tx: Tx,
  { companyId, template, persona }: PitchKey,
  fingerprint: string,
): Promise<(Pitch & PitchMaking) | null> {
  const { rows } = await tx.query<Pitch & PitchMaking>(
    `select ${PITCH_COLUMNS}, ${MAKING} from pitches where company_id = $1 and template = $2 and persona = $3
       and not (awaits_model and fingerprint = $4) order by version desc limit 1`,
    [companyId, template, persona, fingerprint],
  );
  return rows[0] ?? null;
}

/** A kind of evidence that a pitch rests on, as short as it is needed to say what became of it. */
export type Evidence = {
  part: 'reason' | 'doubt' | 'competitor' | 'profile';
  label: string;
  /** The beginning of the quote. */
  quote: string;
  /** Tells two quotes apart that begin alike. */
  mark: string;
  points: number | null;
};

/** What a pitch was made from, in short. */
export type MadeFrom = {
  /** The company's name. */
  name: string;
  score: number | null;
  band: string | null;
  evidence: readonly Evidence[];
  personas: readonly { title: string; mark: string }[];
  /** The text model that it was asked of; null: there was none. */
  textModel: string | null;
};

/** One thing that is different from the version before. */
export type PitchChange = {
  kind: 'signal' | 'competitor' | 'profile' | 'persona' | 'company' | 'seller' | 'settings' | 'template' | 'model' | 'prompt' | 'asked' | 'age'; // prettier-ignore
  text: string;
};

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
  madeFrom: MadeFrom | null;
  /** Against the version before. */
  changes: readonly PitchChange[];
  /** The text model was asked and did not answer: what stands is for the time being. */
  awaitsModel: boolean;
};

export async function readPitchMaking(tx: Tx, pitchId: string): Promise<PitchMaking | null> {
  const { rows } = await tx.query<PitchMaking>(`select ${MAKING} from pitches where id = $1`, [pitchId]);
  return rows[0] ?? null;
}

type NewPitch = Omit<Pitch, 'id' | 'version' | 'writtenAt' | 'persona' | 'askedModel' | 'chosenModel'> &
  Partial<PitchMaking> & {
    awaitsModel: boolean;
    persona?: string;
    /** Is it the company's pitch from now on? It is unless told. */
    current?: boolean;
  };

/**
 * Stores a pitch as the next version, which is shown from now on; older ones stay. One that only stood in for the text model's answer, and
 * was made from the same, is completed instead. Whoever calls it holds the company (asked-work.ts).
 */
export async function savePitch(tx: Tx, workspaceId: string, pitch: NewPitch): Promise<Pitch> {
  const { companyId, template, fingerprint, persona = '', current = true } = pitch;
  const { rows } = await tx.query<Pitch>(
    `insert into pitches (workspace_id, company_id, template, persona, fingerprint, key_points, call_to_action, text, citations, cut,
       method, text_model, awaits_model, made_with, cuts, made_from, changes, version, shown, current)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
       (select coalesce(max(version) + 1 - max((awaits_model and fingerprint = $5)::int) filter (where last), 1)
        from (select *, version = max(version) over () as last from pitches where company_id = $2 and template = $3 and persona = $4) known),
       false, false)
     on conflict (workspace_id, company_id, template, persona, version) do update set
       key_points = excluded.key_points, call_to_action = excluded.call_to_action, text = excluded.text,
       citations = excluded.citations, cut = excluded.cut, method = excluded.method, text_model = excluded.text_model,
       awaits_model = excluded.awaits_model, made_with = excluded.made_with, cuts = excluded.cuts, made_from = excluded.made_from,
       changes = excluded.changes, written_at = now()
     returning ${PITCH_COLUMNS}`,
    [
      workspaceId,
      companyId,
      template,
      persona,
      fingerprint,
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
      pitch.madeFrom ? JSON.stringify(pitch.madeFrom) : null,
      JSON.stringify(pitch.changes ?? []),
    ],
  );
  const [saved] = rows;
  if (saved === undefined) throw new Error('a pitch was not stored');
  await showVersion(tx, saved, current);
  return saved;
}
