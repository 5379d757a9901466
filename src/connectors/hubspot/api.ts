import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { DailyShare } from '../daily-share.ts';
import type { Policy } from '../resilience.ts';
import type { Access } from './access.ts';
import type { ApiAnswer, ApiRequest, Caller } from './call.ts';

export type { ApiAnswer } from './call.ts';

/**
 * The API version that we speak. The numbered paths, which are all that the SDK's typed methods know, are unsupported
 * from September 2027 (v4: March 2027; HubSpot changelog of 15 September 2026), so every call goes to dated paths.
 */
export const HUBSPOT_API_VERSION = '2026-09';

// Small, and with the headers that tell of the day: a search's answer carries none.
const LOOK_AT_DAY: ApiRequest<unknown> = {
  operation: 'account details',
  method: 'GET',
  path: `/account-info/${HUBSPOT_API_VERSION}/details`,
  schema: z.unknown(),
  repeatable: true,
};

export type HubspotApi = {
  /** @throws ProviderError (kinds as in src/errors.ts), ProviderDownError, or the signal's reason */
  send<T>(request: ApiRequest<T>, options: CallOptions): Promise<ApiAnswer<T>>;
};

/** HubSpot's API behind our own rules: pace, repeats, our share of the day, and a token that is renewed when it is refused. */
export function createApi(settings: {
  call: Caller;
  access: Access;
  policy: Policy;
  searchPolicy: Policy;
  daily: DailyShare;
}): HubspotApi {
  const { access, daily } = settings;
  const send: HubspotApi['send'] = async (wanted, options) => {
    const { operation, repeatable } = wanted;
    const policy = wanted.path.endsWith('/search') ? settings.searchPolicy : settings.policy;
    const sendWith = <T>(request: ApiRequest<T>, token: string) =>
      policy.run(
        operation,
        (signal) => settings.call(request, request.anonymous === true ? null : token, signal),
        { ...options, repeatable },
      );
    const token = await access.token(options);
    try {
      return await sendWith(wanted, token);
    } catch (error) {
      if (!(error instanceof ProviderError) || error.status !== 401) throw error;
      // What was refused did nothing, so even a write may be sent again: once, with another token.
      const renewed = await access.renew(token, options);
      if (renewed === null) throw error;
      return sendWith(wanted, renewed);
    }
  };
  return {
    send: async (wanted, options) => {
      const look = async () => (await send(LOOK_AT_DAY, { ...options, interactive: true })).usage;
      await daily.enter(wanted.operation, options.interactive === true, look);
      return send(wanted, options);
    },
  };
}
