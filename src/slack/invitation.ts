import { z } from 'zod';
import type { Seal } from '../seal.ts';

const LASTS_MS = 3_600_000;
const BOUND_TO = 'slack invitation';
const Content = z.object({ workspaceId: z.uuid(), until: z.number() });

/**
 * The address under which a Slack workspace installs the app into that workspace, good for an hour. Whoever could install it without one
 * would read what the workspace holds from a Slack workspace of their own.
 */
export function invite(
  seal: Seal,
  { publicUrl, workspaceId }: { publicUrl: string; workspaceId: string },
): string {
  const { keyId, box } = seal.seal(JSON.stringify({ workspaceId, until: Date.now() + LASTS_MS }), BOUND_TO);
  return `${publicUrl}/slack/install?invitation=${keyId}.${box.toString('base64url')}`;
}

/** Whose invitation it is; null: nobody's, or its hour is over. */
export function readInvitation(seal: Seal, invitation: string): string | null {
  const [keyId = '', box = ''] = invitation.split('.');
  try {
    const text = seal.open({ keyId, box: Buffer.from(box, 'base64url') }, BOUND_TO, 'The invitation');
    const { workspaceId, until } = Content.parse(JSON.parse(text));
    return Date.now() < until ? workspaceId : null;
  } catch {
    // Whatever is wrong with it: it is none of ours.
    return null;
  }
}
