import type { Tx } from '../../db.ts';

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

/** The workspace's profile; null: nobody wrote it down. */
export async function readSeller(tx: Tx): Promise<Seller | null> {
  const { rows } = await tx.query<Seller>(
    `select name, offer, audience, proof_points as "proofPoints", never_claim as "neverClaim" from sellers`,
  );
  return rows[0] ?? null;
}

/** Takes the place of what was there. */
export async function saveSeller(tx: Tx, workspaceId: string, seller: Seller): Promise<void> {
  const { name, offer, audience, proofPoints, neverClaim } = seller;
  await tx.query(
    `insert into sellers (workspace_id, name, offer, audience, proof_points, never_claim) values ($1, $2, $3, $4, $5, $6)
     on conflict (workspace_id) do update set name = excluded.name, offer = excluded.offer, audience = excluded.audience,
       proof_points = excluded.proof_points, never_claim = excluded.never_claim, updated_at = now()`,
    [workspaceId, name, offer, audience, JSON.stringify(proofPoints), JSON.stringify(neverClaim)],
  );
}
