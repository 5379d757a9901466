import { z } from 'zod';
import type { Tx } from '../../db.ts';

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
});
export type PitchSettings = z.infer<typeof PitchSettings>;

/** What one pitch is to have of its own instead of the workspace's settings. */
export const PitchWishes = z.strictObject({
  tone: z.enum(TONES).optional(),
  length: z.enum(LENGTHS).optional(),
  focus: z.enum(FOCUSES).optional(),
  instructions: z.string().trim().max(1_000).optional(),
  temperature: z.number().min(0).max(1.5).optional(),
});
export type PitchWishes = z.infer<typeof PitchWishes>;

/** Lets one at a time change how a workspace's pitches are made: whoever compares with what is stored sees what the one before stored. */
export async function holdPitchSetup(tx: Tx, workspaceId: string): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('pitch setup ' || $1, 0))`, [workspaceId]);
}

export async function readPitchSettings(tx: Tx): Promise<PitchSettings> {
  const { rows } = await tx.query<{ settings: unknown }>('select settings from pitch_settings');
  return PitchSettings.parse(rows[0]?.settings ?? {});
}

/** Changes the parts that are given; the others stay. */
export async function savePitchSettings(
  tx: Tx,
  workspaceId: string,
  changes: Partial<PitchSettings>,
): Promise<PitchSettings> {
  const { rows } = await tx.query<{ settings: unknown }>(
    `insert into pitch_settings (workspace_id, settings) values ($1, $2)
     on conflict (workspace_id) do update set settings = pitch_settings.settings || excluded.settings, updated_at = now()
     returning settings`,
    [workspaceId, JSON.stringify(changes)],
  );
  return PitchSettings.parse(rows[0]?.settings);
}

/** Back to what is shipped. */
export async function resetPitchSettings(tx: Tx): Promise<void> {
  await tx.query('delete from pitch_settings');
}
