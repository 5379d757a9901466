import { Connection, OAuth2 } from 'jsforce';
import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { DailyShare } from '../daily-share.ts';
import type { DailyUsage } from '../limits.ts';
import type { Policy } from '../resilience.ts';
import { LOGIN, readAnswer, toProviderError } from './failures.ts';
import type { OrgMemory } from './org-memory.ts';
import { createTransport } from './transport.ts';
import type { Exchange } from './transport.ts';

/** Winter '27. jsforce's own default is 50.0, so it is always set. */
export const API_VERSION = '68.0';

type Credentials = { clientId: string; clientSecret: string };

/** How we call ourselves in each request; a change event names it as `;client=fieldnote` in its changeOrigin. */
const CLIENT_NAME = 'fieldnote';

export type Session = {
  connection: Connection;
  instanceUrl: string;
  organizationId: string;
  userId: string;
};

type CallDetails = {
  /** True when the call may be sent again after a failure that may have taken effect. */
  repeatable: boolean;
};

export type Answered<T> = { value: T; headers: Headers | null };

/** One user's way to the org: logs in when needed, once for all, and once more when a session is refused. */
export type Client = {
  call<T>(
    operation: string,
    send: (session: Session) => PromiseLike<unknown>,
    schema: z.ZodType<T>,
    options: CallOptions & CallDetails,
  ): Promise<Answered<T>>;
  /** A GET whose answer may be larger than memory: it is there when its headers are, and its body is the caller's to read. */
  open(operation: string, path: string, options: CallOptions): Promise<Response>;
  session(options: CallOptions): Promise<Session>;
  /** That session was refused: the next one who asks gets another. */
  forget(session: Session): Promise<void>;
};

export type ClientSettings = Credentials & {
  loginUrl: string;
  policy: Policy;
  daily: DailyShare;
  /** Where its session is kept. */
  memory: OrgMemory;
  fetch: typeof globalThis.fetch;
  now: () => Date;
  /** What its login is called where that fails; unset: LOGIN. */
  loginName?: string;
};

const Token = z.object({
  access_token: z.string().min(1),
  instance_url: z.url({ protocol: /^https?$/ }),
  // https://HOST/id/ORGANIZATION/USER
  id: z.string().regex(/\/id\/\w{15,18}\/\w{15,18}$/),
});

export function createClient(settings: ClientSettings): Client {
  const { loginUrl, clientId, clientSecret, policy, daily, memory, fetch, now, loginName = LOGIN } = settings;
  const { transport, within, open } = createTransport(fetch);

  /** One HTTP exchange under the policy; whatever goes wrong in it is a ProviderError. */
  const exchange = <T>(
    operation: string,
    send: () => PromiseLike<unknown>,
    schema: z.ZodType<T>,
    options: CallOptions & CallDetails,
  ): Promise<Answered<T>> =>
    policy.run(
      operation,
      async (signal) => {
        const known: Exchange = { signal, status: null, headers: null };
        try {
          const body = await within(known, send);
          const value = readAnswer(operation, schema, body, known);
          await noteDay(known.headers);
          return { value, headers: known.headers };
        } catch (error) {
          const failure = toProviderError(operation, error, known, now());
          await noteDay(known.headers);
          if (failure instanceof ProviderError && failure.kind === 'quota') await daily.noteRefusal();
          throw failure;
        }
      },
      options,
    );

  /** Logins carry no such header: they count apart. */
  const noteDay = async (headers: Headers | null): Promise<void> => {
    const usage = readUsage(headers);
    if (usage !== null) await daily.noteAnswer(usage);
  };

  const login = async (options: CallOptions): Promise<Session> => {
    const oauth = new OAuth2({ loginUrl, clientId, clientSecret });
    oauth._transport = transport;
    const ask = () => oauth.requestToken({ grant_type: 'client_credentials' });
    const { value: token } = await exchange(loginName, ask, Token, { ...options, repeatable: true });
    const [organizationId = '', userId = ''] = token.id.split('/').slice(-2);
    const { origin } = new URL(token.instance_url);
    // Without OAuth2 settings jsforce never refreshes by itself: its own refresh goes on without end when each new token is refused.
    const connection = new Connection({
      instanceUrl: origin,
      accessToken: token.access_token,
      version: API_VERSION,
      callOptions: { client: CLIENT_NAME },
    });
    connection._transport = transport;
    return { connection, instanceUrl: origin, organizationId, userId };
  };

  /** All callers share one login; it is not stopped when the first of them is. */
  const session = async (options: CallOptions): Promise<Session> => {
    options.signal.throwIfAborted();
    if (memory.session === null) {
      const started = login({ ...options, signal: new AbortController().signal, sendBefore: undefined });
      memory.session = started;
      started.catch(() => {
        if (memory.session === started) memory.session = null;
      });
    }
    return untilAborted(memory.session, options.signal);
  };

  const callOnce = async <T>(
    operation: string,
    send: (session: Session) => PromiseLike<unknown>,
    schema: z.ZodType<T>,
    options: CallOptions & CallDetails,
  ): Promise<Answered<T>> => {
    const used = await session(options);
    const mine = memory.session;
    try {
      return await exchange(operation, () => send(used), schema, options);
    } catch (error) {
      const refused = error instanceof ProviderError && error.code === 'INVALID_SESSION_ID';
      if (!refused) throw error;
    }
    // A session that was refused did nothing, so even a write may be sent again: once, with a new session.
    if (memory.session === mine) memory.session = null;
    const renewed = await session(options);
    return exchange(operation, () => send(renewed), schema, options);
  };

  /** The list of resources is the smallest answer that carries the day's usage and takes no permission. */
  const lookAtDay = async (options: CallOptions): Promise<DailyUsage | null> => {
    const list = `/services/data/v${API_VERSION}`;
    const ask = ({ connection }: Session) => connection.request({ method: 'GET', url: list });
    const details = { ...options, interactive: true, repeatable: true };
    return readUsage((await callOnce('resources', ask, z.unknown(), details)).headers);
  };

  const call: Client['call'] = async (operation, send, schema, options) => {
    await daily.enter(operation, options.interactive === true, () => lookAtDay(options));
    return callOnce(operation, send, schema, options);
  };

  const forget = async (stale: Session): Promise<void> => {
    const mine = memory.session;
    if ((await mine?.catch(() => null)) === stale && memory.session === mine) memory.session = null;
  };

  return {
    session,
    forget,
    call,
    open: async (operation, path, options) => {
      const send = ({ connection, instanceUrl }: Session): Promise<Response> =>
        open(`${instanceUrl}/services/data/v${API_VERSION}${path}`, {
          accept: 'text/csv',
          authorization: `Bearer ${connection.accessToken ?? ''}`,
        });
      const { value } = await call(operation, send, z.instanceof(Response), { ...options, repeatable: true });
      return value;
    },
  };
}

/** The org's calls of the last 24 hours, from `Sforce-Limit-Info: api-usage=25/100000` (REST API guide). */
function readUsage(headers: Headers | null): DailyUsage | null {
  const [, used, limit] = /api-usage=(\d+)\/(\d+)/.exec(headers?.get('sforce-limit-info') ?? '') ?? [];
  if (used === undefined || limit === undefined || Number(limit) === 0) return null;
  return { used: Number(used), limit: Number(limit) };
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      const reason: unknown = signal.reason;
      reject(reason instanceof Error ? reason : new Error(String(reason)));
    };
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
