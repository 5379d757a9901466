import { createHash, createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { TwinClock } from '../../kit/clock.ts';
import type { TwinUser } from '../call.ts';
import { normalizeId } from '../ids.ts';
import type { Org } from '../org.ts';

/** Apex says no: a sentence for the person who asked. */
export class ApexRefusal extends Error {
  override name = 'ApexRefusal';
}

export type Apex = {
  /** Runs a method that a component calls, `FieldnoteButton.getCard` say. @throws ApexRefusal */
  call(method: string, about: Readonly<Record<string, unknown>>, user: TwinUser): Promise<string>;
  /** What FieldnotePitches.load asks for. @throws ApexRefusal */
  askForTemplates(object: ButtonObject, user: TwinUser): Promise<TemplateChoice>;
  /** What FieldnotePitches.ask sends for the ticked rows; `template` empty: none is chosen. @throws ApexRefusal */
  askForPitches(
    object: ButtonObject,
    asked: { ids: readonly string[]; template: string },
    user: TwinUser,
  ): Promise<Pitches>;
};

export type ButtonObject = 'Account' | 'Lead';

const Pitches = z.object({
  url: z.string().nullable(),
  companies: z.number(),
  leftOut: z.array(z.object({ id: z.string(), why: z.string() })),
});
export type Pitches = z.infer<typeof Pitches>;

const TemplateChoice = z.object({
  templates: z.array(z.object({ name: z.string(), title: z.string() })),
  usual: z.string(),
});
type TemplateChoice = z.infer<typeof TemplateChoice>;

const PATHS: Readonly<Record<string, string>> = {
  'FieldnoteButton.getCard': '/salesforce/button/card',
  'FieldnoteButton.scoreNow': '/salesforce/button/score',
  'FieldnoteButton.getPitchLink': '/salesforce/button/pitch',
};
const TIMEOUT_MS = 20_000;
const Refused = z.object({ error: z.object({ message: z.string(), fix: z.string().optional() }) });

/** Plays the package's classes, which only an org can run: what they check, how they sign, what they make of a refusal. */
export function createApex(org: Org, clock: TwinClock): Apex {
  const isVisible = (object: string, id: unknown): boolean => {
    const row = org.find(normalizeId(String(id)) ?? '');
    return row !== undefined && row.object === object && !row.deleted;
  };

  // FieldnoteCall.send
  const send = async (path: string, about: object, user: TwinUser): Promise<string> => {
    const { address, key } = org.button();
    const split = key.trim().lastIndexOf('.');
    if (split < 1)
      throw new ApexRefusal(
        'Fieldnote has no key here yet. An administrator enters it under Setup, Custom Settings, Fieldnote Button, Manage.',
      );
    const body = JSON.stringify({
      ...about,
      userId: user.id,
      userName: user.username,
      nonce: randomBytes(16).toString('hex'),
    });
    const timestamp = String(clock.now().getTime());
    let response: Response;
    try {
      response = await fetch(address + path, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-fieldnote-key': key.trim().slice(0, split),
          'x-fieldnote-org': org.id,
          'x-fieldnote-timestamp': timestamp,
          'x-fieldnote-signature': sign(key.trim().slice(split + 1), path, timestamp, body, org.id),
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new ApexRefusal(
        `Fieldnote could not be reached (${String(error)}). An administrator finds its address under Setup, Named Credentials, Fieldnote.`,
      );
    }
    const answer = await response.text();
    if (response.status === 200) return answer;
    throw new ApexRefusal(explain(response.status, answer));
  };

  return {
    call: async (method, { recordId, template }, user) => {
      const path = PATHS[method];
      if (path === undefined) throw new Error(`the package has no method ${method}`);
      const object = org.find(normalizeId(String(recordId)) ?? '')?.object;
      if (object !== 'Account' && object !== 'Lead')
        throw new ApexRefusal('Fieldnote knows accounts and leads.');
      if (!isVisible(object, recordId)) throw new ApexRefusal('You have no access to this record.');
      const chosen = typeof template === 'string' && template !== '' ? template : null;
      return send(path, { object, id: normalizeId(String(recordId)), template: chosen }, user);
    },
    askForTemplates: async (object, user) =>
      TemplateChoice.parse(JSON.parse(await send('/salesforce/button/templates', { object }, user))),
    askForPitches: async (object, { ids, template }, user) => {
      const about = {
        object,
        ids: ids.filter((id) => isVisible(object, id)),
        template: template.trim() === '' ? null : template,
      };
      return Pitches.parse(JSON.parse(await send('/salesforce/button/zip', about, user)));
    },
  };
}

function sign(secret: string, path: string, timestamp: string, body: string, orgId: string): string {
  const bodyHash = createHash('sha256').update(body).digest('hex');
  const lines = ['POST', path, timestamp, bodyHash, orgId];
  return `v1=${createHmac('sha256', secret).update(lines.join('\n')).digest('hex')}`;
}

function explain(status: number, answer: string): string {
  try {
    const { message, fix } = Refused.parse(JSON.parse(answer)).error;
    return fix === undefined || fix === '' ? message : `${message}. ${fix}`;
  } catch {
    return `Something between here and Fieldnote answered with status ${status}. Try again in a minute.`;
  }
}
