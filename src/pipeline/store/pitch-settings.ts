import { z } from 'zod';
import type { Tx } from '../../db.ts';
import { NOTHING_STORED } from './seen.ts';
import type { Seen } from './seen.ts';

export const TONES = ['professional', 'friendly', 'direct', 'consultative', 'enthusiastic'] as const;
export const LENGTHS = ['concise', 'medium', 'detailed'] as const;
export const FOCUSES = ['balanced', 'roi', 'technical', 'risk', 'speed'] as const;

/** How a workspace's pitches are written; each part has what is shipped as its default. */
export const PitchSettings = z.object({
  template: z.string().trim().min(1).max(60).default('standard'),
  tone: z.enum(TONES).default('professional'),
  length: z.enum(LENGTHS).default('medium'),
  focus: z.enum(FOCUSES).default('balanced'),
  /** Wishes for the text model, in the workspace's own words; they change how it writes, never what is proven. */
  instructions: z.string().trim().max(1_000).default(''),
  /** Null: ours. */
  temperature: z.number().min(0).max(1.5).nullable().default(null),
  /** The text model that writes; null: the one that the operator configured. */
  model: z.string().trim().min(1).max(120).nullable().default(null),
});
export type PitchSettings = z.infer<typeof PitchSettings>;

/** What one pitch is to have of its own instead of the workspace's settings. */
export const PitchWishes = z.strictObject({
  tone: z.enum(TONES).optional(),
  length: z.enum(LENGTHS).optional(),
  focus: z.enum(FOCUSES).optional(),
  instructions: z.string().trim().max(1_000).optional(),
  temperature: z.number().min(0).max(1.5).optional(),
  model: z.string().trim().min(1).max(120).optional(),
});
export type PitchWishes = z.infer<typeof PitchWishes>;

/** The settings with their version, which is another one after each change. */
export type StoredPitchSettings = { settings: PitchSettings; version: string };

/** How the workspace's pitches are written, and which version of that it is. */
export async function readStoredPitchSettings(tx: Tx): Promise<StoredPitchSettings> {
  const { rows } = await tx.query<Row>('select settings, version from pitch_settings');
  return parseRow(rows[0] ?? { settings: {}, version: NOTHING_STORED });
}

/** How the workspace's pitches are written. */
export async function readPitchSettings(tx: Tx): Promise<PitchSettings> {
  return (await readStoredPitchSettings(tx)).settings;
}

/**
 * Changes the parts that are given; the others stay. The same again changes nothing, not even the version.
 * @returns the settings from now on; null: what stands is none that the writer saw, and nothing was stored
 */
export async function savePitchSettings(
  tx: Tx,
  workspaceId: string,
  changes: Partial<PitchSettings>,
  seen: Seen = null,
): Promise<StoredPitchSettings | null> {
  const same = 'pitch_settings.settings || excluded.settings = pitch_settings.settings';
  const { rows } = await tx.query<Row>(
    `insert into pitch_settings (workspace_id, settings)
     select $1, $2 where $3::text[] is null or $3 && array['${NOTHING_STORED}', '*'] or exists (select from pitch_settings)
     on conflict (workspace_id) do update set settings = pitch_settings.settings || excluded.settings,
       version = case when ${same} then pitch_settings.version else excluded.version end,
       updated_at = case when ${same} then pitch_settings.updated_at else now() end
     where $3 is null or $3 && array[pitch_settings.version::text, '*'] or ${same}
     returning settings, version`,
    [workspaceId, JSON.stringify(changes), seen],
  );
  return rows[0] === undefined ? null : parseRow(rows[0]);
}

/**
 * Back to what is shipped. The row stays: what somebody saw before is not what stands.
 * @returns false: what stands is none that the writer saw, and nothing was changed
 */
export async function resetPitchSettings(tx: Tx, seen: Seen = null): Promise<boolean> {
  await tx.query(
    `update pitch_settings set settings = '{}', version = gen_random_uuid(), updated_at = now()
     where settings <> '{}' and ($1::text[] is null or $1 && array[version::text, '*'])`,
    [seen],
  );
  const { rowCount } = await tx.query(`select from pitch_settings where settings <> '{}'`);
  return seen === null || rowCount === 0;
}

type Row = { settings: unknown; version: string };

function parseRow({ settings, version }: Row): StoredPitchSettings {
  return { settings: PitchSettings.parse(settings), version };
}
