import type { HubSpotFetchOptions } from '@hubspot/ui-extensions';
import type * as z from 'zod/mini';
import { Card, PitchLink, Refusal } from './card-answer.ts';

/** Calls Fieldnote through HubSpot, which signs the call and says who asks. */
export type SignedFetch = (url: string, options: HubSpotFetchOptions) => Promise<Response>;

/** What the card can ask of Fieldnote about its record. Each throws a Problem that a person can read. */
export type Fieldnote = {
  readCard(): Promise<Card>;
  /** Begins a score, or joins the one under way; the answer comes at once and says where it is. */
  scoreNow(): Promise<Card>;
  /** @param press names one press of the button: HubSpot repeats a call that went wrong, and both get the same link. */
  linkToPitch(asked: { template: string | null; press: string }): Promise<PitchLink>;
};

/** Why an answer did not come, and what to do. */
export class Problem extends Error {
  override name = 'Problem';
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

// HubSpot's own limit unless one asks for more; every answer comes from what is stored.
const TIMEOUT_MS = 15_000;

/** @param record the record that the card stands on; its type as HubSpot counts types (0-1: contact, 0-2: company) */
export function createFieldnote(
  fetch: SignedFetch,
  baseUrl: string,
  record: { objectTypeId: string; objectId: number },
): Fieldnote {
  const ask = async <T>(
    shape: z.ZodMiniType<T>,
    method: 'GET' | 'POST',
    path: string,
    more: Record<string, string> = {},
  ): Promise<T> => {
    const query = new URLSearchParams({
      objectType: record.objectTypeId,
      objectId: String(record.objectId),
      ...more,
    });
    const url = `${baseUrl.replace(/\/+$/, '')}${path}?${query.toString()}`;
    let response: Response;
    try {
      response = await fetch(url, { method, timeout: TIMEOUT_MS });
    } catch {
      throw new Problem(
        'Fieldnote did not answer within 15 seconds',
        'Try again. If it stays so, have an administrator look whether Fieldnote runs and HubSpot can reach it.',
      );
    }
    return read(shape, response);
  };
  return {
    readCard: () => ask(Card, 'GET', '/hubspot/card'),
    // Each press by a number of its own: HubSpot repeats a call that went wrong, and it begins one run.
    scoreNow: () => ask(Card, 'POST', '/hubspot/card/score', { press: crypto.randomUUID() }),
    linkToPitch: ({ template, press }) =>
      ask(PitchLink, 'POST', '/hubspot/card/pitch', { press, ...(template === null ? {} : { template }) }),
  };
}

async function read<T>(shape: z.ZodMiniType<T>, response: Response): Promise<T> {
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) {
    const answer = shape.safeParse(body);
    if (answer.success) return answer.data;
    throw new Problem(
      'This card does not understand the answer of Fieldnote',
      'Have an administrator upload the card that belongs to this version of Fieldnote (crm/hubspot).',
    );
  }
  const refusal = Refusal.safeParse(body);
  if (refusal.success) {
    const { message, fix } = refusal.data.error;
    throw new Problem(message, fix ?? 'Try again.');
  }
  if (response.status === 429)
    throw new Problem('HubSpot lets 20 calls through at a time, and they are all taken', 'Try again.');
  throw new Problem(
    `Fieldnote answered with an error (${response.status})`,
    'Try again. If it stays so, show this to an administrator.',
  );
}
