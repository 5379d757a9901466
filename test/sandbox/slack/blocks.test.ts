import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { refuseBlocks } from '../../../sandbox/slack/blocks.ts';
import type { Surface } from '../../../sandbox/slack/blocks-layout.ts';
import { checkView } from '../../../sandbox/slack/blocks-view.ts';
import { button, section } from './start.ts';

const plain = (text: string) => ({ type: 'plain_text', text });
const mrkdwn = (text: string) => ({ type: 'mrkdwn', text });
const many = (count: number, make: (index: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, index) => make(index));
const option = (value: string, text = 'One') => ({ text: plain(text), value });
const actions = (...elements: unknown[]) => ({ type: 'actions', elements });
const input = (element: unknown, rest = {}) => ({ type: 'input', label: plain('Label'), element, ...rest });
const select = (rest = {}) => ({ type: 'static_select', action_id: 'pick', options: [option('1')], ...rest });

type Wrong = [what: string, blocks: unknown, said: RegExp, surface?: Surface];

const wrong: Wrong[] = [
  ['no list', { type: 'section' }, /^invalid_blocks_format/],
  ['a block without a type', [{ text: mrkdwn('a') }], /^invalid_blocks_format/],
  ['an unknown kind of block', [{ type: 'banner' }], /unsupported type \[json-pointer:\/blocks\/0\/type\]/],
  [
    '51 blocks in a message',
    many(51, () => ({ type: 'divider' })),
    /no more than 50 items allowed \[json-pointer:\/blocks\]/,
  ],
  ['101 blocks in a modal', many(101, () => ({ type: 'divider' })), /no more than 100 items/, 'modal'],
  ['a property that no block has', [{ type: 'divider', color: 'red' }], /invalid additional property: color/],
  ['a section without text and fields', [{ type: 'section' }], /must have text or fields/],
  ['an empty text', [section('')], /must be more than 0 characters/],
  [
    '3,001 characters in a section',
    [section('a'.repeat(3001))],
    /must be less than 3001 characters \[json-pointer:\/blocks\/0\/text\/text\]/,
  ],
  [
    'eleven fields',
    [{ type: 'section', fields: many(11, () => mrkdwn('a')) }],
    /no more than 10 items.*\/fields/,
  ],
  [
    '2,001 characters in a field',
    [{ type: 'section', fields: [mrkdwn('a'.repeat(2001))] }],
    /less than 2001.*\/fields\/0\/text/,
  ],
  [
    'a text of an unknown kind',
    [{ type: 'section', text: { type: 'markdown', text: 'a' } }],
    /unsupported type/,
  ],
  ['mrkdwn in a header', [{ type: 'header', text: mrkdwn('a') }], /json-pointer:\/blocks\/0\/text\/type/],
  ['151 characters in a header', [{ type: 'header', text: plain('a'.repeat(151)) }], /less than 151/],
  [
    'an input as a section’s accessory',
    [{ ...section('a'), accessory: { type: 'plain_text_input' } }],
    /unsupported type.*\/accessory\/type/,
  ],
  [
    'eleven elements in a context',
    [{ type: 'context', elements: many(11, () => mrkdwn('a')) }],
    /no more than 10 items/,
  ],
  [
    'a button in a context',
    [{ type: 'context', elements: [button('a')] }],
    /failed to match all allowed schemas/,
  ],
  ['an empty list of actions', [actions()], /no fewer than 1 items/],
  ['26 actions', [actions(...many(26, (index) => button(`b${index}`)))], /no more than 25 items/],
  ['mrkdwn on a button', [actions(button('a', { text: mrkdwn('a') }))], /\/elements\/0\/text\/type/],
  ['76 characters on a button', [actions(button('a', { text: plain('a'.repeat(76)) }))], /less than 76/],
  [
    '2,001 characters of a button’s value',
    [actions(button('a', { value: 'a'.repeat(2001) }))],
    /less than 2001/,
  ],
  [
    '3,001 characters of a button’s address',
    [actions(button('a', { url: `https://a.example/${'a'.repeat(2990)}` }))],
    /less than 3001/,
  ],
  ['a button’s address that is none', [actions(button('a', { url: 'javascript:alert(1)' }))], /Invalid URL/],
  ['a button’s address without a scheme', [actions(button('a', { url: 'a.example/b' }))], /Invalid URL/],
  ['an unknown style', [actions(button('a', { style: 'warning' }))], /\/elements\/0\/style/],
  ['256 characters of an action_id', [actions(button('a'.repeat(256)))], /less than 256.*action_id/],
  [
    '256 characters of a block_id',
    [{ type: 'divider', block_id: 'a'.repeat(256) }],
    /less than 256.*block_id/,
  ],
  [
    'a block_id twice',
    [
      { type: 'divider', block_id: 'x' },
      { type: 'divider', block_id: 'x' },
    ],
    /block_id already exists: x \[json-pointer:\/blocks\/1\/block_id\]/,
  ],
  [
    'an action_id twice in a block',
    [actions(button('x'), button('x'))],
    /action_id already exists: x.*elements\/1/,
  ],
  [
    'a confirmation without its title',
    [actions(button('a', { confirm: { text: plain('a'), confirm: plain('a'), deny: plain('a') } }))],
    /missing required field.*confirm\/title/,
  ],
  [
    '31 characters on a confirmation',
    [
      actions(
        button('a', {
          confirm: { title: plain('a'), text: plain('a'), confirm: plain('a'.repeat(31)), deny: plain('a') },
        }),
      ),
    ],
    /less than 31/,
  ],
  [
    'a menu without options',
    [actions({ type: 'static_select', action_id: 'a' })],
    /either options or option_groups/,
  ],
  [
    '101 options',
    [actions(select({ options: many(101, (index) => option(String(index))) }))],
    /no more than 100 items/,
  ],
  [
    '76 characters of an option',
    [actions(select({ options: [option('1', 'a'.repeat(76))] }))],
    /less than 76/,
  ],
  [
    '151 characters of an option’s value',
    [actions(select({ options: [option('a'.repeat(151))] }))],
    /less than 151/,
  ],
  [
    'mrkdwn as an option',
    [actions(select({ options: [{ text: mrkdwn('a'), value: '1' }] }))],
    /options\/0\/text/,
  ],
  [
    '151 characters of a placeholder',
    [actions(select({ placeholder: plain('a'.repeat(151)) }))],
    /less than 151/,
  ],
  [
    'six options of an overflow menu',
    [actions({ type: 'overflow', action_id: 'a', options: many(6, (index) => option(String(index))) })],
    /no more than 5 items/,
  ],
  [
    'eleven check boxes',
    [actions({ type: 'checkboxes', action_id: 'a', options: many(11, (index) => option(String(index))) })],
    /no more than 10 items/,
  ],
  [
    'a date of no form',
    [actions({ type: 'datepicker', action_id: 'a', initial_date: '1.2.2026' })],
    /initial_date/,
  ],
  [
    'a picture without words for who can’t see it',
    [{ type: 'image', image_url: 'https://a.example/a.png' }],
    /missing required field.*alt_text/,
  ],
  ['a picture without an address', [{ type: 'image', alt_text: 'a' }], /either image_url or slack_file/],
  [
    'a picture on this machine, which Slack can’t fetch',
    [{ type: 'image', image_url: 'http://127.0.0.1:3000/a.png', alt_text: 'a' }],
    /downloading image failed/,
  ],
  ['a button as an input', [input(button('a'))], /unsupported type.*element\/type/, 'modal'],
  ['an input’s label as mrkdwn', [{ ...input(select()), label: mrkdwn('a') }], /\/label\/type/, 'modal'],
  [
    'a least length above the most',
    [input({ type: 'plain_text_input', action_id: 'a', min_length: 9, max_length: 3 })],
    /min_length must not be above/,
    'modal',
  ],
  [
    '3,001 characters of an initial value',
    [input({ type: 'plain_text_input', action_id: 'a', initial_value: 'a'.repeat(3001) })],
    /less than 3001/,
    'modal',
  ],
  ['12,001 characters of markdown', [{ type: 'markdown', text: 'a'.repeat(12_001) }], /less than 12001/],
  ['markdown in a modal', [{ type: 'markdown', text: 'a' }], /"markdown" is not allowed here/, 'modal'],
  [
    'a table at home',
    [{ type: 'table', rows: [[{ type: 'raw_text', text: 'a' }]] }],
    /"table" is not allowed here/,
    'home',
  ],
  ['an alert in a message', [{ type: 'alert', text: plain('a') }], /"alert" is not allowed here/],
  [
    'a carousel in a modal',
    [{ type: 'carousel', elements: [{ type: 'card', title: plain('a') }] }],
    /"carousel" is not allowed here/,
    'modal',
  ],
  [
    '101 rows of a table',
    [{ type: 'table', rows: many(101, () => [{ type: 'raw_text', text: 'a' }]) }],
    /no more than 100 items/,
  ],
  [
    '21 cells of a row',
    [{ type: 'table', rows: [many(21, () => ({ type: 'raw_text', text: 'a' }))] }],
    /no more than 20 items/,
  ],
  [
    'two tables',
    many(2, () => ({ type: 'table', rows: [[{ type: 'raw_text', text: 'a' }]] })),
    /only_one_table_allowed/,
  ],
  ['a card with nothing in it', [{ type: 'card', subtext: plain('a') }], /must have a hero_image/],
  ['201 characters of a card’s body', [{ type: 'card', body: mrkdwn('a'.repeat(201)) }], /less than 201/],
  [
    'eleven cards',
    [{ type: 'carousel', elements: many(11, () => ({ type: 'card', title: plain('a') })) }],
    /no more than 10 items/,
  ],
  [
    'six context actions',
    [
      {
        type: 'context_actions',
        elements: many(6, (index) => ({
          type: 'icon_button',
          action_id: `a${index}`,
          icon: 'trash',
          text: plain('a'),
        })),
      },
    ],
    /no more than 5 items/,
  ],
  [
    'rich text with an unknown part',
    [
      {
        type: 'rich_text',
        elements: [{ type: 'rich_text_section', elements: [{ type: 'bold', text: 'a' }] }],
      },
    ],
    /unsupported type/,
  ],
  [
    'more than about 13,200 characters in all',
    many(5, () => section('a'.repeat(2900))),
    /^msg_blocks_too_long$/,
  ],
];

const right: [what: string, blocks: unknown[], surface?: Surface][] = [
  [
    'sections, fields, accessories',
    [
      { ...section('a'.repeat(3000)), accessory: button('a', { url: 'https://a.example/?b=c' }) },
      { type: 'section', fields: many(10, () => plain('a')) },
    ],
  ],
  ['the same action_id in different blocks', [actions(button('x')), actions(button('x'))]],
  [
    'every menu',
    [
      actions(
        select(),
        { type: 'users_select', action_id: 'b' },
        { type: 'conversations_select', action_id: 'c' },
        { type: 'overflow', action_id: 'd', options: [option('1')] },
        { type: 'radio_buttons', action_id: 'e', options: [option('1')] },
      ),
    ],
  ],
  [
    'headers, dividers, pictures, contexts',
    [
      { type: 'header', text: plain('a') },
      { type: 'divider' },
      { type: 'image', image_url: 'https://a.example/a.png', alt_text: 'a' },
      {
        type: 'context',
        elements: [mrkdwn('a'), { type: 'image', image_url: 'https://a.example/a.png', alt_text: 'a' }],
      },
    ],
  ],
  [
    'inputs in a modal',
    [
      input(
        { type: 'plain_text_input', action_id: 'a', multiline: true },
        { optional: true, hint: plain('a') },
      ),
      input(select()),
      input({ type: 'checkboxes', action_id: 'b', options: [{ text: mrkdwn('*a*'), value: '1' }] }),
    ],
    'modal',
  ],
  [
    'markdown, rich text, a table',
    [
      { type: 'markdown', text: '# a' },
      {
        type: 'rich_text',
        elements: [
          {
            type: 'rich_text_list',
            style: 'bullet',
            elements: [
              { type: 'rich_text_section', elements: [{ type: 'text', text: 'a', style: { bold: true } }] },
            ],
          },
        ],
      },
      { type: 'table', rows: [[{ type: 'raw_text', text: 'a' }]], column_settings: [{ align: 'right' }] },
    ],
  ],
  [
    'a carousel at home',
    [{ type: 'carousel', elements: [{ type: 'card', title: plain('a'), actions: [button('a')] }] }],
    'home',
  ],
];

describe('Block Kit, as the Slack twin checks it', () => {
  for (const [what, blocks, said, surface] of wrong)
    test(`refuses ${what}`, () => {
      const found = refuseBlocks(blocks, surface ?? 'message');
      assert.ok(found !== null, 'it was let through');
      assert.match([found.error, ...found.messages].join(' '), said);
    });

  for (const [what, blocks, surface] of right)
    test(`takes ${what}`, () => assert.equal(refuseBlocks(blocks, surface ?? 'message'), null));
});

const modal = (rest = {}) => ({ type: 'modal', title: plain('Title'), blocks: [section('a')], ...rest });
const said = (value: unknown, kind: 'modal' | 'home' = 'modal'): string => {
  const checked = checkView(value, kind);
  return 'error' in checked ? [checked.error, ...checked.messages].join(' ') : 'fine';
};

test('a view is refused for a title of 25 characters, a missing one, too much private metadata, and inputs without a submit', () => {
  assert.equal(said(modal()), 'fine');
  assert.match(
    said(modal({ title: plain('a'.repeat(25)) })),
    /^invalid_arguments .*less than 25.*\/view\/title\/text/,
  );
  assert.match(said({ type: 'modal', blocks: [] }), /missing required field.*\/view\/title/);
  assert.match(said(modal({ private_metadata: 'a'.repeat(3001) })), /less than 3001/);
  assert.match(said(modal({ callback_id: 'a'.repeat(256) })), /less than 256/);
  assert.match(said(modal({ blocks: [input(select())] })), /submit/);
  assert.equal(said(modal({ blocks: [input(select())], submit: plain('Send') })), 'fine');
  assert.match(said(modal({ blocks: [section('')] })), /\/view\/blocks\/0\/text\/text/);
  assert.match(
    said({ type: 'home', blocks: [], title: plain('a') }, 'home'),
    /invalid additional property: title/,
  );
  assert.match(said({ type: 'home', blocks: [] }), /must be a modal/);
});
