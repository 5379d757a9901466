import express from 'express';
import type { Request, Response } from 'express';
import type { TwinKit } from '../kit/twin.ts';
import { Refusal, refusalBody } from './call.ts';
import type { Answer, TwinUser } from './call.ts';
import type { Limits } from './limits.ts';
import type { BulkQueries } from './options.ts';
import { answerMetadata } from './metadata.ts';
import type { Org } from './org.ts';
import { createRestApi } from './routes.ts';
import type { Sessions } from './sessions.ts';

// Winter '27; older versions back to 31.0 are still answered (2026).
const NEWEST_VERSION = 68;
const OLDEST_VERSION = 31;
// The largest upload that Bulk API 2.0 takes.
const BODY_LIMIT = '150mb';

const TOKEN_PATH = '/services/oauth2/token';

/** Reads what is sent, as it is; token requests are forms and have a reader of their own. */
export const readRawBody = express.raw({
  type: (request) => request.url !== TOKEN_PATH,
  limit: BODY_LIMIT,
});

/** Mounts what is served over HTTP: OAuth, identity, REST and the Metadata SOAP API. */
export function mountApi(
  kit: TwinKit,
  org: Org,
  limits: Limits,
  sessions: Sessions,
  bulkQueries: BulkQueries,
): void {
  const { app, clock } = kit;
  const rest = createRestApi(org, limits, clock, bulkQueries);
  const userOf = (request: Request): TwinUser =>
    sessions.userOf(/^(?:Bearer|OAuth) (.+)$/.exec(request.headers.authorization ?? '')?.[1]);
  const urlOf = (request: Request): string => `http://${request.headers.host ?? '127.0.0.1'}`;
  const bodyOf = (request: Request): Buffer =>
    Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);

  const send = (response: Response, answer: Answer): void => {
    response.locals.operation = answer.operation;
    response.locals.units = answer.units ?? 1;
    response.setHeader('Date', clock.now().toUTCString());
    for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
    response.status(answer.status);
    if (answer.text !== undefined) response.type(answer.text.type).send(answer.text.content);
    else if (answer.json === undefined) response.end();
    else response.type('application/json;charset=UTF-8').send(JSON.stringify(answer.json));
  };
  const answered = (work: (request: Request) => Answer) => (request: Request, response: Response) => {
    try {
      send(response, work(request));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      send(response, { status: error.status, json: refusalBody(error), operation: 'refused' });
    }
  };
  /** With the usage header that the platform puts on each REST answer. */
  const metered = (work: (request: Request, user: TwinUser) => Answer) =>
    answered((request) => {
      const user = userOf(request);
      limits.take();
      let answer: Answer;
      try {
        answer = org.within(originOf(request), () => work(request, user));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        answer = { status: error.status, json: refusalBody(error), operation: 'refused' };
      }
      const { used, limit } = limits.usage();
      return { ...answer, headers: { ...answer.headers, 'sforce-limit-info': `api-usage=${used}/${limit}` } };
    });

  app.post(TOKEN_PATH, express.urlencoded({ extended: false }), (request, response) => {
    const form: unknown = request.body;
    const { status, body } = sessions.grant({ ...(typeof form === 'object' ? form : {}) }, urlOf(request));
    send(response, { status, json: body, operation: 'token' });
  });
  const identify = (request: Request): Answer => {
    const user = userOf(request);
    const id = `${urlOf(request)}/id/${org.id}/${user.id}`;
    const json = {
      sub: id,
      user_id: user.id,
      organization_id: org.id,
      preferred_username: user.username,
      name: user.name,
      email: user.username,
      active: true,
    };
    return { status: 200, json, operation: 'identity' };
  };
  app.get('/services/oauth2/userinfo', answered(identify));
  app.get('/id/:organization/:user', answered(identify));
  app.get(
    '/services/data',
    answered(() => ({ status: 200, json: listVersions(), operation: 'versions' })),
  );
  app.post(
    '/services/Soap/m/:version',
    answered((request) =>
      answerMetadata(org, bodyOf(request).toString('utf8'), (token) => {
        const user = sessions.userOf(token);
        limits.take();
        return user;
      }),
    ),
  );
  app.use(
    '/services/data/:version',
    metered((request, user) => {
      const version = typeof request.params.version === 'string' ? request.params.version : '';
      const number = Number(/^v(\d+)\.0$/.exec(version)?.[1] ?? 0);
      if (number < OLDEST_VERSION || number > NEWEST_VERSION)
        throw new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist');
      const { searchParams } = new URL(request.url, urlOf(request));
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.join(', ') : value,
        ]),
      );
      return rest({
        user,
        method: request.method,
        path: request.path,
        version,
        query: searchParams,
        headers,
        body: bodyOf(request),
        url: urlOf(request),
      });
    }),
  );
}

/** How change events name the API that a change came through, and the client that it calls itself. */
function originOf({ originalUrl, headers }: Request): string {
  const [, version = '', path = ''] = /^\/services\/data\/v(\d+\.0)(\/[^?]*)?/.exec(originalUrl) ?? [];
  const client = /client=([^;,\s]+)/.exec(String(headers['sforce-call-options'] ?? ''))?.[1];
  const api = `com/salesforce/api/${path.startsWith('/jobs/') ? 'bulkapi' : 'rest'}/${version}`;
  return client === undefined ? api : `${api};client=${client}`;
}

function listVersions(): { label: string; url: string; version: string }[] {
  const versions = [];
  for (let number = OLDEST_VERSION; number <= NEWEST_VERSION; number += 1)
    versions.push({ label: `API ${number}`, url: `/services/data/v${number}.0`, version: `${number}.0` });
  return versions;
}
