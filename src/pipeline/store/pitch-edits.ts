import type { Tx } from '../../db.ts';
import type { PitchKey } from './pitches.ts';

/** What a mark such as [2] or [S1] in an edited text stands for. */
export type EditCite = { mark: string; quote: string; url: string | null };

export type EditValue =
  | { field: 'keyPoints'; value: readonly string[] }
  | { field: 'callToAction' | 'text'; value: string };
export type EditField = EditValue['field'];

/** What a person wrote in place of a field of a pitch. */
export type PitchEdit = EditValue & {
  id: number;
  /** The points or paragraphs that stood there, as they were generated: the rest is the person's. Null: all of it is. */
  was: readonly string[] | null;
  cites: readonly EditCite[];
  editedBy: string;
  editedAt: Date;
};

/** Of each field that was edited the edit that is shown: the newest that was not undone. */
export async function listShownEdits(
  tx: Tx,
  { companyId, template, persona }: PitchKey,
): Promise<PitchEdit[]> {
  const { rows } = await tx.query<PitchEdit>(
    `select distinct on (field) id, field, value, was, cites, edited_by as "editedBy", edited_at as "editedAt" from pitch_edits
     where company_id = $1 and template = $2 and persona = $3 and undone_at is null order by field, id desc`,
    [companyId, template, persona],
  );
  return rows;
}

/** An edit that was made, shown or not. */
export type PastEdit = PitchEdit & { undoneBy: string | null; undoneAt: Date | null };

/** Who edited the pitch of a template and persona, the newest first. */
export async function listEdits(
  tx: Tx,
  { companyId, template, persona }: PitchKey,
  limit: number,
): Promise<PastEdit[]> {
  const { rows } = await tx.query<PastEdit>(
    `select id, field, value, was, cites, edited_by as "editedBy", edited_at as "editedAt", undone_by as "undoneBy", undone_at as "undoneAt"
     from pitch_edits where company_id = $1 and template = $2 and persona = $3 order by id desc limit $4`,
    [companyId, template, persona, limit],
  );
  return rows;
}

export async function saveEdit(
  tx: Tx,
  workspaceId: string,
  key: PitchKey,
  edit: EditValue & Pick<PitchEdit, 'was' | 'cites' | 'editedBy'>,
): Promise<void> {
  await tx.query(
    `insert into pitch_edits (workspace_id, company_id, template, persona, field, value, cites, edited_by, was)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      workspaceId,
      key.companyId,
      key.template,
      key.persona,
      edit.field,
      JSON.stringify(edit.value),
      JSON.stringify(edit.cites),
      edit.editedBy,
      edit.was === null ? null : JSON.stringify(edit.was),
    ],
  );
}

/** Takes back the edit of a field that is shown: the one before it shows again, or what was generated. False: there was none. */
export async function undoEdit(tx: Tx, key: PitchKey, field: EditField, by: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update pitch_edits set undone_at = now(), undone_by = $5 where id = (
       select max(id) from pitch_edits where company_id = $1 and template = $2 and persona = $3 and field = $4 and undone_at is null)`,
    [key.companyId, key.template, key.persona, field, by],
  );
  return rowCount === 1;
}
