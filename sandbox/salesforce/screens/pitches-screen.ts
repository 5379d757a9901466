import type { Request, Response } from 'express';
import type { Org } from '../org.ts';
import { ApexRefusal } from './apex.ts';
import type { Apex, ButtonObject, Pitches } from './apex.ts';
import { linkTo, query, readUser, sendScreen } from './frame.ts';
import { renderVisualforce } from './visualforce.ts';

// As many as a list view lets tick.
const MOST = 200;

/** POST /_twin/pitches: the page behind the list button, with what FieldnotePitches holds; `action=ask` presses its button. */
export async function showPitches(org: Org, apex: Apex, request: Request, response: Response): Promise<void> {
  const user = readUser(org, query(request, 'as'));
  const object: ButtonObject = query(request, 'object') === 'Lead' ? 'Lead' : 'Account';
  const sent: unknown = request.body;
  const form = typeof sent === 'object' && sent !== null ? sent : {};
  const ids = [Reflect.get(form, 'ids') ?? []].flat().map(String);
  let answer: Pitches | null = null;
  const problems: string[] = [];
  try {
    if (Reflect.get(form, 'action') === 'ask') answer = await apex.askForPitches(object, ids, user);
  } catch (error) {
    if (!(error instanceof ApexRefusal)) throw error;
    problems.push(error.message);
  }
  const main = await renderVisualforce(`Fieldnote${object}Pitches`, {
    names: {
      count: ids.length,
      canAsk: ids.length > 0 && ids.length <= MOST,
      link: answer?.url ?? null,
      companies: answer?.companies ?? null,
      leftOut: answer?.leftOut ?? null,
    },
    action: linkTo('pitches', { object, as: user.id }),
    carried: ids.map((id) => ['ids', id] as const),
    problems,
  });
  sendScreen(request, response, { org, user, title: 'Fieldnote pitches', main });
}
