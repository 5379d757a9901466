import { BY_FIELD } from './writes-insert.ts';

// What no row can be without.
const NEEDED = 'workspace_id, id, connection_id, object, external_id, company_id, field, new_value';

/** Those columns of a row of that name, but for the record's id. */
export const neededOf = (row: string, externalId = `${row}.external_id`): string =>
  `${row}.workspace_id, ${row}.id, ${row}.connection_id, ${row}.object, ${externalId}, ${row}.company_id, ${row}.field, ${row}.new_value`;

/**
 * A statement that changes rows of writes one after the other, in the order of their fields (BY_FIELD): for rows that come to be planned, or
 * planned for another record. An update takes them as its join has them, however they are sorted; what is inserted is taken as it is sorted.
 * @param rows a query of the rows: what `neededOf` names, then what is `changed`
 * @param set how each row is changed; `w` is the row as it is, `excluded` as the query has it
 */
export function changeInOrder(rows: string, set: string, changed: readonly string[] = []): string {
  const columns = [NEEDED, ...changed].join(', ');
  return `insert into writes as w (${columns}) overriding system value
    select ${columns} from (${rows}) as changed order by ${BY_FIELD}
    on conflict (id, workspace_id) do update set ${set}`;
}
