import type { CustomFetch } from 'openid-client';
import { z } from 'zod';

const Refusal = z.object({ ok: z.literal(false), error: z.string() });

/** Slack's Web API refuses with status 200 and `{ ok: false, error }`; the protocol, and so the library, wants 400. */
export const fetchFromSlack: CustomFetch = async (url, options) => {
  const response = await fetch(url, options);
  if (!response.ok || !/\bjson\b/.test(response.headers.get('content-type') ?? '')) return response;
  const refusal = Refusal.safeParse(await response.clone().json());
  return refusal.success ? Response.json({ error: refusal.data.error }, { status: 400 }) : response;
};
