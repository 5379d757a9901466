import { z } from 'zod';
import { UserError } from '../../errors.ts';
import type { Vault } from '../../pipeline/vault.ts';

/** What an embed shows, and for whom. */
export type Embed = { workspaceId: string; companyId: string; user: string };

/** The link that a CRM's page puts into a frame, and what it turns into there. */
type EmbedToken = 'embed link' | 'embed page';

// Long enough for a page to put it into a frame; whoever finds it in a log or a history comes too late.
const SECONDS: Record<EmbedToken, number> = { 'embed link': 60, 'embed page': 15 * 60 };

const Held = z.strictObject({
  workspaceId: z.uuid(),
  companyId: z.uuid(),
  user: z.string(),
  until: z.number(),
});

// As src/seal.ts makes its ids; they come before the sealed bytes.
const KEY_ID_BYTES = 6;
const SHAPE = /^[A-Za-z0-9_-]{64,2000}$/;

type Sealing = { vault: Pick<Vault, 'requireSeal'> };

/** @throws UserError where no SECRET_KEY is set */
export function makeEmbedToken(
  { vault }: Sealing,
  kind: EmbedToken,
  embed: Embed,
): { text: string; expiresAt: Date } {
  const { workspaceId, companyId, user } = embed;
  const until = Date.now() + SECONDS[kind] * 1000;
  const sealed = vault.requireSeal().seal(JSON.stringify({ workspaceId, companyId, user, until }), kind);
  const text = Buffer.concat([Buffer.from(sealed.keyId, 'hex'), sealed.box]).toString('base64url');
  return { text, expiresAt: new Date(until) };
}

/** What a token of that kind holds; null for whatever was not made here, was changed, is of the other kind, or has ended. */
export function readEmbedToken({ vault }: Sealing, kind: EmbedToken, text: unknown): Embed | null {
  if (typeof text !== 'string' || !SHAPE.test(text)) return null;
  const bytes = Buffer.from(text, 'base64url');
  const sealed = {
    keyId: bytes.subarray(0, KEY_ID_BYTES).toString('hex'),
    box: bytes.subarray(KEY_ID_BYTES),
  };
  try {
    const { until, ...embed } = Held.parse(JSON.parse(vault.requireSeal().open(sealed, kind, 'An embed')));
    return Date.now() < until ? embed : null;
  } catch (error) {
    // No key here opens it.
    if (error instanceof UserError) return null;
    throw error;
  }
}
