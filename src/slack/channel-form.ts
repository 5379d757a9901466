import { z } from 'zod';
import type { ChannelWishes } from '../pipeline/store/slack-channel-alerts.ts';
import { CHANNEL_FORM, LEAST_MOVES, MUTE_HOURS } from './views/actions.ts';

const Element = z.object({
  value: z.string().nullish(),
  selected_conversation: z.string().nullish(),
  selected_option: z.object({ value: z.string() }).nullish(),
  selected_options: z.array(z.object({ value: z.string() })).nullish(),
});
const Values = z.record(z.string(), z.record(z.string(), Element));

const oneOf = (allowed: readonly number[]) =>
  z.coerce.number().refine((number) => allowed.includes(number), 'is none of the choices');

const Form = z.object({
  channel: z.string().min(1).max(100),
  what: z.array(z.enum(Object.keys(CHANNEL_FORM.what))),
  leastMove: oneOf(LEAST_MOVES),
  when: z.union([z.enum(['at-once', 'daily']), z.coerce.number().int().min(1).max(7)]),
  hour: z.coerce.number().int().min(0).max(23),
  timeZone: z.string().trim().min(1).max(60),
  mute: z.union([z.literal('keep'), oneOf([0, ...MUTE_HOURS])]),
});

/** What the form says; the time zone is as it was typed. */
export type ChannelChoice = {
  channelId: string;
  wishes: ChannelWishes;
  /** 0 ends the silence; null leaves it as it is. */
  muteHours: number | null;
};

/** `state.values` of the form → what it says. @throws ZodError where it is not what our form sends */
export function readChannelForm(state: unknown): ChannelChoice {
  const values = Values.parse(state);
  const { fields } = CHANNEL_FORM;
  const held = (id: string): z.infer<typeof Element> => values[id]?.[id] ?? {};
  const form = Form.parse({
    channel: held(fields.channel).selected_conversation,
    what: (held(fields.what).selected_options ?? []).map(({ value }) => value),
    leastMove: held(fields.leastMove).selected_option?.value,
    when: held(fields.when).selected_option?.value,
    hour: held(fields.hour).selected_option?.value,
    timeZone: held(fields.timeZone).value,
    mute: held(fields.mute).selected_option?.value,
  });
  const wants = new Set(form.what);
  const { leastMove, when, hour, timeZone, mute } = form;
  return {
    channelId: form.channel,
    wishes: {
      reachedA: wants.has('reached'),
      moved: wants.has('moved'),
      runs: wants.has('runs'),
      budget: wants.has('budget'),
      leastMove,
      cadence: typeof when === 'number' ? 'weekly' : when,
      weekday: typeof when === 'number' ? when : 1,
      hour,
      timeZone,
    },
    muteHours: mute === 'keep' ? null : mute,
  };
}
