import type { Tx } from '../../db.ts';
import type { Connection } from './connections.ts';
import { takeTurn } from './turns.ts';

type RowKey = { object: string; externalId: string };

const KEY = (alias: string): string =>
  `${alias}.connection_id || '/' || ${alias}.object || '/' || ${alias}.external_id`;
const LIVE = (alias: string): string =>
  `not ${alias}.deleted and ${alias}.merged_into is null and ${alias}.converted_to is null`;

// A company's own records decide, those of any CRM; then open deals on its accounts; and where it is known through people
// alone, all of them must be left out.
const JUDGE = `update companies c set excluded_because = v.because, excluded_by = v.key,
    due_at = case
      when v.because is not null then c.due_at
      when exists (select from records r where r.company_id = c.id) then now() end
  from (
    select t.id, w.because, w.key from unnest($1::uuid[]) as t(id) left join lateral (
      select because, key from (
        select 1 as rank, r.excluded_because as because, ${KEY('r')} as key from records r
        where r.company_id = t.id and r.object in ('Account', 'company') and r.excluded_because is not null and ${LIVE('r')}
        union all
        select 2, 'an open deal', d.connection_id || '/Opportunity/' || d.external_id
        from records r join open_deals d on d.connection_id = r.connection_id and d.account_id = r.external_id
        where r.company_id = t.id and r.object = 'Account' and ${LIVE('r')}
        union all
        select 3, r.excluded_because, ${KEY('r')} from records r
        where r.company_id = t.id and r.excluded_because is not null and ${LIVE('r')} and not exists (
          select from records o where o.company_id = t.id and o.excluded_because is null and ${LIVE('o')})
      ) as reasons order by rank, key limit 1
    ) as w on true
  ) as v
  where c.id = v.id and (c.excluded_because, c.excluded_by) is distinct from (v.because, v.key)
  returning c.id, c.excluded_because as because`;

const LEFT_OUT = (because: string): string => `'Left out before it was sent: ' || ${because}`;

// What puts old values back is sent all the same. A company's reason goes before its records'. Locked in the order of their ids, all of
// a transaction's at once, like everyone who locks many of them.
const CANCEL = `with left_out as (
    select distinct on (id) id, reason from (
      select w.id, 1 as rank, ${LEFT_OUT('company.because')} as reason from unnest($2::uuid[], $3::text[]) as company(id, because)
      join writes w on w.company_id = company.id where w.state = 'planned' and w.undoes is null
      union all
      select w.id, 2, ${LEFT_OUT('r.excluded_because')} from unnest($4::text[], $5::text[]) as k(object, external_id)
      join records r on r.connection_id = $1 and r.object = k.object and r.external_id = k.external_id
      join writes w on w.connection_id = $1 and w.object = k.object and w.external_id = k.external_id
      where w.state = 'planned' and w.undoes is null
      union all
      select w.id, 3, 'The record belongs to no company any more' from unnest($6::text[], $7::text[]) as strayed(object, external_id)
      join writes w on w.connection_id = $1 and w.object = strayed.object and w.external_id = strayed.external_id
      where w.state = 'planned' and w.undoes is null
    ) as each order by id, rank
  ), found as (
    select w.id, left_out.reason from left_out join writes w on w.id = left_out.id
    where w.state = 'planned' order by w.id for update of w)
  update writes w set state = 'cancelled', settled_at = now(), leased_until = null, reason = found.reason
  from found where w.id = found.id and w.state = 'planned'`;

/**
 * Judges anew which companies are left out, after rows of a connection changed: those that the rows belong to and belonged to. A company
 * that is taken up again is due at once. What is planned for records that belong to no company any more is never sent either. Where nothing
 * is left out it costs a look.
 * @param excluding rows that changed and are left out
 * @param strayed records that belong to no company any more
 */
export async function updateExclusions(
  tx: Tx,
  connectionId: string,
  {
    domains,
    excluding,
    strayed,
  }: Record<'excluding' | 'strayed', readonly RowKey[]> & { domains: ReadonlySet<string> },
): Promise<void> {
  const left = (await isAnyLeftOut(tx)) ? await judge(tx, await listTouched(tx, domains)) : [];
  await cancelWrites(tx, connectionId, { left, excluding, strayed });
}

async function isAnyLeftOut(tx: Tx): Promise<boolean> {
  const { rows: look } = await tx.query<{ any: boolean }>(
    `select exists (select from companies where excluded_because is not null)
       or exists (select from records where excluded_because is not null) or exists (select from open_deals) as any`,
  );
  return look[0]?.any ?? false;
}

async function listTouched(tx: Tx, domains: ReadonlySet<string>): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `select c.id from companies c where c.domain = any($1) and (c.excluded_because is not null
       or exists (select from records r where r.company_id = c.id and r.excluded_because is not null)
       or exists (
         select from records r join open_deals d on d.connection_id = r.connection_id and d.account_id = r.external_id
         where r.company_id = c.id and r.object = 'Account'))`,
    [[...domains]],
  );
  return rows.map(({ id }) => id);
}

/** The same after deals of these accounts changed. */
export async function updateExclusionsOfAccounts(
  tx: Tx,
  connectionId: string,
  accountIds: readonly string[],
): Promise<void> {
  if (accountIds.length === 0) return;
  const { rows } = await tx.query<{ id: string }>(
    `select distinct company_id as id from records
     where connection_id = $1 and object = 'Account' and external_id = any($2) and company_id is not null`,
    [connectionId, accountIds],
  );
  const left = await judge(
    tx,
    rows.map(({ id }) => id),
  );
  await cancelWrites(tx, connectionId, { left });
}

/** The same for all companies that rows of this connection left out; takes the workspace's turn. */
export async function updateExclusionsBy(
  tx: Tx,
  { workspaceId, id: connectionId }: Pick<Connection, 'workspaceId' | 'id'>,
): Promise<void> {
  await takeTurn(tx, workspaceId);
  const { rows } = await tx.query<{ id: string }>(
    `select id from companies where excluded_because is not null and starts_with(excluded_by, $1)`,
    [`${connectionId}/`],
  );
  const left = await judge(
    tx,
    rows.map(({ id }) => id),
  );
  await cancelWrites(tx, connectionId, { left });
}

type LeftOut = { id: string; because: string };

/** Decides about these companies. Answers those that are left out now and were not, or for another reason. */
async function judge(tx: Tx, companyIds: readonly string[]): Promise<LeftOut[]> {
  if (companyIds.length === 0) return [];
  const { rows } = await tx.query<{ id: string; because: string | null }>(JUDGE, [companyIds]);
  return rows.flatMap(({ id, because }) => (because === null ? [] : { id, because }));
}

/** What was planned for a company that is left out now, or for such a record, is never sent. */
async function cancelWrites(
  tx: Tx,
  connectionId: string,
  {
    left,
    excluding = [],
    strayed = [],
  }: { left: readonly LeftOut[] } & Partial<Record<'excluding' | 'strayed', readonly RowKey[]>>,
): Promise<void> {
  if (left.length + excluding.length + strayed.length === 0) return;
  await tx.query(CANCEL, [
    connectionId,
    left.map(({ id }) => id),
    left.map(({ because }) => because),
    excluding.map(({ object }) => object),
    excluding.map(({ externalId }) => externalId),
    strayed.map(({ object }) => object),
    strayed.map(({ externalId }) => externalId),
  ]);
}

/** How many companies are left out, by reason. */
export async function countExcluded(tx: Tx): Promise<{ because: string; companies: number }[]> {
  const { rows } = await tx.query<{ because: string; companies: number }>(
    `select excluded_because as because, count(*) as companies from companies
     where excluded_because is not null group by 1 order by 2 desc, 1`,
  );
  return rows;
}

/** Companies that are left out, by domain; the next page begins after the last one. */
export async function listExcluded(
  tx: Tx,
  page: { afterDomain: string; limit: number },
): Promise<{ domain: string; name: string; because: string }[]> {
  const { rows } = await tx.query<{ domain: string; name: string; because: string }>(
    `select domain, name, excluded_because as because from companies
     where excluded_because is not null and domain collate "C" > $1 order by domain collate "C" limit $2`,
    [page.afterDomain, page.limit],
  );
  return rows;
}
