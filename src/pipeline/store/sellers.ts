import type { Tx } from '../../db.ts';
import { NOTHING_STORED } from './seen.ts';
import type { Seen } from './seen.ts';

/** What a workspace says of itself: all that its pitches may say in its name. */
export type Seller = {
  name: string;
  /** What it sells. */
  offer: string;
  /** For whom. */
  audience: string;
  proofPoints: string[];
  /** What no pitch of it may say. */
  neverClaim: string[];
};

/** The profile with its version, which is another one after each change. Null: nobody wrote it down. */
export type StoredSeller = { seller: Seller | null; version: string };

/** The workspace's profile, and which version of it that is. */
export async function readStoredSeller(tx: Tx): Promise<StoredSeller> {
  const { rows } = await tx.query<Seller & { version: string }>(
    `select name, offer, audience, proof_points as "proofPoints", never_claim as "neverClaim", version from sellers`,
  );
  const [stored] = rows;
  if (stored === undefined) return { seller: null, version: NOTHING_STORED };
  const { version, ...seller } = stored;
  return { seller, version };
}

/** The workspace's profile; null: nobody wrote it down. */
export async function readSeller(tx: Tx): Promise<Seller | null> {
  return (await readStoredSeller(tx)).seller;
}

const SAME = `(sellers.name, sellers.offer, sellers.audience, sellers.proof_points, sellers.never_claim)
  = (excluded.name, excluded.offer, excluded.audience, excluded.proof_points, excluded.never_claim)`;

/**
 * Takes the place of what was there. The same again changes nothing, not even the version.
 * @returns the version that stands from now on; null: what stands is none that the writer saw, and nothing was stored
 */
export async function saveSeller(
  tx: Tx,
  workspaceId: string,
  seller: Seller,
  seen: Seen = null,
): Promise<string | null> {
  const { name, offer, audience, proofPoints, neverClaim } = seller;
  const { rows } = await tx.query<{ version: string }>(
    `insert into sellers (workspace_id, name, offer, audience, proof_points, never_claim)
     select $1, $2, $3, $4, $5, $6 where $7::text[] is null or '${NOTHING_STORED}' = any ($7) or exists (select from sellers)
     on conflict (workspace_id) do update set name = excluded.name, offer = excluded.offer, audience = excluded.audience,
       proof_points = excluded.proof_points, never_claim = excluded.never_claim,
       version = case when ${SAME} then sellers.version else excluded.version end,
       updated_at = case when ${SAME} then sellers.updated_at else now() end
     where $7 is null or $7 && array[sellers.version::text, '*'] or ${SAME}
     returning version`,
    [workspaceId, name, offer, audience, JSON.stringify(proofPoints), JSON.stringify(neverClaim), seen],
  );
  return rows[0]?.version ?? null;
}
