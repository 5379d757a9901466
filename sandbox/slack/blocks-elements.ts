import { z } from 'zod';
import {
  actionId,
  choiceOption,
  confirmDialog,
  imageUrl,
  linkUrl,
  optionGroup,
  overflowOption,
  plainText,
  selectOption,
} from './blocks-parts.ts';

const asked = { ...actionId, confirm: confirmDialog.optional() };
const focus = { focus_on_load: z.boolean().optional() };
const placeholder = { placeholder: plainText(150).optional() };
const several = { max_selected_items: z.int().min(1).optional() };
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);

export const button = z.strictObject({
  type: z.literal('button'),
  text: plainText(75),
  ...asked,
  url: linkUrl.optional(),
  value: z.string().max(2000).optional(),
  style: z.enum(['primary', 'danger']).optional(),
  accessibility_label: z.string().max(75).optional(),
});

const menu = { ...asked, ...focus, ...placeholder };
const choices = {
  options: z.array(selectOption).min(1).max(100).optional(),
  option_groups: z.array(optionGroup).min(1).max(100).optional(),
};
const eitherChoices = (menuWith: { options?: unknown; option_groups?: unknown }): boolean =>
  (menuWith.options === undefined) !== (menuWith.option_groups === undefined);
const EITHER = 'must have either options or option_groups';

const filter = z.strictObject({
  include: z
    .array(z.enum(['im', 'mpim', 'private', 'public']))
    .min(1)
    .optional(),
  exclude_external_shared_channels: z.boolean().optional(),
  exclude_bot_users: z.boolean().optional(),
});
const conversation = {
  default_to_current_conversation: z.boolean().optional(),
  filter: filter.optional(),
};
const respond = { response_url_enabled: z.boolean().optional() };

const menus = [
  z
    .strictObject({
      type: z.literal('static_select'),
      ...menu,
      ...choices,
      initial_option: selectOption.optional(),
    })
    .refine(eitherChoices, EITHER),
  z.strictObject({
    type: z.literal('external_select'),
    ...menu,
    initial_option: selectOption.optional(),
    min_query_length: z.int().min(0).optional(),
  }),
  z.strictObject({ type: z.literal('users_select'), ...menu, initial_user: z.string().optional() }),
  z.strictObject({
    type: z.literal('conversations_select'),
    ...menu,
    ...conversation,
    ...respond,
    initial_conversation: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('channels_select'),
    ...menu,
    ...respond,
    initial_channel: z.string().optional(),
  }),
  z
    .strictObject({
      type: z.literal('multi_static_select'),
      ...menu,
      ...choices,
      ...several,
      initial_options: z.array(selectOption).min(1).max(100).optional(),
    })
    .refine(eitherChoices, EITHER),
  z.strictObject({
    type: z.literal('multi_external_select'),
    ...menu,
    ...several,
    initial_options: z.array(selectOption).min(1).max(100).optional(),
    min_query_length: z.int().min(0).optional(),
  }),
  z.strictObject({
    type: z.literal('multi_users_select'),
    ...menu,
    ...several,
    initial_users: z.array(z.string()).optional(),
  }),
  z.strictObject({
    type: z.literal('multi_conversations_select'),
    ...menu,
    ...several,
    ...conversation,
    initial_conversations: z.array(z.string()).optional(),
  }),
  z.strictObject({
    type: z.literal('multi_channels_select'),
    ...menu,
    ...several,
    initial_channels: z.array(z.string()).optional(),
  }),
] as const;

const dates = [
  z.strictObject({ type: z.literal('datepicker'), ...menu, initial_date: day.optional() }),
  z.strictObject({
    type: z.literal('timepicker'),
    ...menu,
    initial_time: time.optional(),
    timezone: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('datetimepicker'),
    ...asked,
    ...focus,
    initial_date_time: z.int().min(1_000_000_000).max(9_999_999_999).optional(),
  }),
] as const;

const marks = [
  z.strictObject({
    type: z.literal('radio_buttons'),
    ...asked,
    ...focus,
    options: z.array(choiceOption).min(1).max(10),
    initial_option: choiceOption.optional(),
  }),
  z.strictObject({
    type: z.literal('checkboxes'),
    ...asked,
    ...focus,
    options: z.array(choiceOption).min(1).max(10),
    initial_options: z.array(choiceOption).min(1).max(10).optional(),
  }),
] as const;

export const image = z
  .strictObject({
    type: z.literal('image'),
    image_url: imageUrl.optional(),
    slack_file: z.strictObject({ id: z.string().optional(), url: z.string().optional() }).optional(),
    alt_text: z.string().min(1).max(2000),
  })
  .refine(
    (value) => (value.image_url === undefined) !== (value.slack_file === undefined),
    'must have either image_url or slack_file',
  );

const overflow = z.strictObject({
  type: z.literal('overflow'),
  ...asked,
  options: z.array(overflowOption).min(1).max(5),
});

const dispatch = {
  dispatch_action_config: z
    .strictObject({
      trigger_actions_on: z.array(z.enum(['on_enter_pressed', 'on_character_entered'])).min(1),
    })
    .optional(),
};
const typed = { ...actionId, ...focus, ...placeholder, ...dispatch };
const inputs = [
  z
    .strictObject({
      type: z.literal('plain_text_input'),
      ...typed,
      initial_value: z.string().max(3000).optional(),
      multiline: z.boolean().optional(),
      min_length: z.int().min(0).max(3000).optional(),
      max_length: z.int().min(1).max(3000).optional(),
    })
    .refine(
      (value) => (value.min_length ?? 0) <= (value.max_length ?? 3000),
      'min_length must not be above max_length',
    ),
  z.strictObject({ type: z.literal('email_text_input'), ...typed, initial_value: z.string().optional() }),
  z.strictObject({ type: z.literal('url_text_input'), ...typed, initial_value: z.string().optional() }),
  z.strictObject({
    type: z.literal('number_input'),
    ...typed,
    is_decimal_allowed: z.boolean(),
    initial_value: z.string().optional(),
    min_value: z.string().optional(),
    max_value: z.string().optional(),
  }),
] as const;

const labelled = (text: number) => ({
  text: plainText(text),
  value: z.string().max(2000).optional(),
  accessibility_label: z.string().max(75).optional(),
});
const verdict = z.strictObject({ ...labelled(75), value: z.string().max(2000) });

/** What may stand in an `actions` block. */
export const actionElement = z.discriminatedUnion('type', [button, overflow, ...menus, ...dates, ...marks]);
/** What may stand beside a section's text. */
export const accessory = z.discriminatedUnion('type', [
  button,
  overflow,
  image,
  ...menus,
  ...dates,
  ...marks,
]);
/** What may stand in an `input` block. */
export const inputElement = z.discriminatedUnion('type', [...inputs, ...menus, ...dates, ...marks]);
/** What may stand in a `context_actions` block. */
export const contextAction = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('feedback_buttons'),
    ...actionId,
    positive_button: verdict,
    negative_button: verdict,
  }),
  z.strictObject({
    type: z.literal('icon_button'),
    ...asked,
    icon: z.literal('trash'),
    ...labelled(75),
    visible_to_user_ids: z.array(z.string()).optional(),
  }),
]);
