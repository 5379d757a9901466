import { z } from 'zod';
import { SlackRefusal } from './answers.ts';
import { checkView } from './blocks-view.ts';
import type { SentView } from './blocks-view.ts';
import { listElements } from './blocks.ts';
import type { Delivery } from './deliveries.ts';
import { describeValues } from './elements.ts';
import type { Choice } from './elements.ts';
import type { OpenView } from './modals.ts';
import { packView } from './payloads.ts';
import type { Actor } from './payloads.ts';
import type { Slack } from './slack.ts';

/** What came of a submission: the app's words beside its inputs, or what Slack says where the app's answer was none. */
export type Submission = {
  delivery: Delivery | null;
  errors: Record<string, string>;
  trouble: string | null;
};

const Answer = z.discriminatedUnion('response_action', [
  z.strictObject({
    response_action: z.literal('errors'),
    errors: z.record(z.string(), z.string().min(1)).refine((errors) => Object.keys(errors).length > 0),
  }),
  z.strictObject({ response_action: z.literal('update'), view: z.unknown() }),
  z.strictObject({ response_action: z.literal('push'), view: z.unknown() }),
  z.strictObject({ response_action: z.literal('clear') }),
]);

const TROUBLE = 'We had some trouble connecting. Try again?';

/** A person submits the modal on top with what they chose, by `BLOCK.ACTION` or `ACTION`. */
export async function submitView(
  slack: Slack,
  actor: Actor,
  chosen: Readonly<Record<string, Choice>>,
): Promise<Submission> {
  const view = slack.modals.top(actor.team.id, actor.person.id);
  if (view === undefined) throw new Error(`${actor.person.realName} has no modal open`);
  const values = describeValues(view.view.blocks, chosen);
  const missing = findMissing(view.view, values);
  if (Object.keys(missing).length > 0) return { delivery: null, errors: missing, trouble: null };
  const delivery = await slack.deliveries.send(
    packView(slack, actor, { type: 'view_submission', view, values }),
  );
  if (delivery.error !== null) return { delivery, errors: {}, trouble: TROUBLE };
  return { delivery, ...react(slack, actor, view, delivery.answer) };
}

/** Slack itself asks for what is not optional, before the app hears of it. */
function findMissing(
  view: SentView,
  values: Record<string, Record<string, unknown>>,
): Record<string, string> {
  const missing: Record<string, string> = {};
  for (const block of view.blocks) {
    if (block.type !== 'input' || block.optional === true) continue;
    const id = String(block.block_id);
    for (const { element } of listElements(block)) {
      const held = { ...Object(values[id]?.[String(element.action_id)]) };
      const given = Object.entries(held).filter(([name]) => name !== 'type');
      if (
        given.every(
          ([, value]) => value === null || value === '' || (Array.isArray(value) && value.length === 0),
        )
      )
        missing[id] = 'Please complete this required field.';
    }
  }
  return missing;
}

function react(slack: Slack, actor: Actor, view: OpenView, answer: unknown): Omit<Submission, 'delivery'> {
  const fine = { errors: {}, trouble: null };
  const trouble = { errors: {}, trouble: TROUBLE };
  const { team, person } = actor;
  if (answer === null || answer === '' || Object.keys(Object(answer)).length === 0) {
    slack.modals.close(team.id, person.id, false);
    return fine;
  }
  const parsed = Answer.safeParse(answer);
  if (!parsed.success) return trouble;
  switch (parsed.data.response_action) {
    case 'clear':
      slack.modals.close(team.id, person.id, true);
      return fine;
    case 'errors': {
      const { errors } = parsed.data;
      const inputs = new Set(
        view.view.blocks.filter(({ type }) => type === 'input').map((block) => String(block.block_id)),
      );
      return Object.keys(errors).every((id) => inputs.has(id)) ? { errors, trouble: null } : trouble;
    }
    case 'update':
    case 'push': {
      const checked = checkView(parsed.data.view, 'modal');
      if ('error' in checked) return trouble;
      try {
        if (parsed.data.response_action === 'push') slack.modals.push(team.id, person.id, checked.view);
        else slack.modals.update(view.id, checked.view, undefined);
        return fine;
      } catch (error) {
        if (error instanceof SlackRefusal) return trouble;
        throw error;
      }
    }
  }
}
