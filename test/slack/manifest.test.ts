import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { MANIFEST_SCOPES } from '../../sandbox/slack/twin.ts';
import { SCOPES } from '../../src/slack/installs.ts';
import { SHORTCUTS } from '../../src/slack/views/actions.ts';
import { showHelp } from '../../src/slack/views/help.ts';
import { readText } from './views/read.ts';

// docs.slack.dev/reference/app-manifest. Slack refuses a manifest with any key that it doesn't know.
const address = z.url().startsWith('https://');
const Manifest = z.strictObject({
  _metadata: z.strictObject({ major_version: z.literal(2) }),
  display_information: z.strictObject({
    name: z.string().max(35),
    // The documentation says 140; 140 is refused (mastra-ai/mastra#16093).
    description: z.string().max(139),
    long_description: z.string().min(174).max(4000),
    background_color: z.string().regex(/^#[0-9a-f]{6}$/),
  }),
  features: z.strictObject({
    app_home: z.strictObject({
      home_tab_enabled: z.boolean(),
      messages_tab_enabled: z.boolean(),
      messages_tab_read_only_enabled: z.boolean(),
    }),
    bot_user: z.strictObject({ display_name: z.string().max(80), always_online: z.boolean() }),
    shortcuts: z.array(
      z.strictObject({
        // Not in the documentation: longer names are refused (agentconnect-md/agentconnect#179).
        name: z.string().max(24),
        type: z.enum(['message', 'global']),
        callback_id: z.string().max(255),
        description: z.string().max(150),
      }),
    ),
    slash_commands: z.array(
      z.strictObject({
        command: z.string().regex(/^\/[a-z]{1,31}$/),
        url: address.optional(),
        description: z.string().max(2000),
        usage_hint: z.string().max(1000),
        should_escape: z.boolean(),
      }),
    ),
    unfurl_domains: z.array(z.hostname()).max(5),
  }),
  oauth_config: z.strictObject({
    redirect_urls: z.array(address).optional(),
    scopes: z.strictObject({ bot: z.array(z.string()) }),
  }),
  settings: z.strictObject({
    event_subscriptions: z.strictObject({ request_url: address.optional(), bot_events: z.array(z.string()) }),
    interactivity: z.strictObject({ is_enabled: z.literal(true), request_url: address.optional() }),
    org_deploy_enabled: z.boolean(),
    socket_mode_enabled: z.boolean(),
    token_rotation_enabled: z.boolean(),
  }),
});

const EVENTS = 'https://fieldnote.example.com/slack/events';
const http = readManifest('http');
const socket = readManifest('socket');

describe("Slack's manifests", () => {
  test('differ by mode alone: Socket Mode names no address', () => {
    const addresses = readFileSync(fileOf('http'), 'utf8').match(/https:\/\/[^"]+/g) ?? [];
    assert.deepEqual(
      new Set(addresses),
      new Set([EVENTS, 'https://fieldnote.example.com/slack/oauth_redirect']),
    );
    assert.deepEqual(
      [...http.features.slash_commands, http.settings.event_subscriptions, http.settings.interactivity].map(
        (one) => ('command' in one ? one.url : one.request_url),
      ),
      [...http.features.slash_commands.map(() => EVENTS), EVENTS, EVENTS],
    );
    assert.doesNotMatch(readFileSync(fileOf('socket'), 'utf8'), /https?:/);
    assert.ok(socket.settings.socket_mode_enabled && !http.settings.socket_mode_enabled);
    assert.deepEqual(withoutAddresses(http), withoutAddresses(socket));
  });

  test('ask for the scopes that an installation asks for', () => {
    assert.deepEqual(http.oauth_config.scopes.bot, SCOPES);
  });

  test('ask for the scopes that the sandbox of Slack gives, so that one which is missing shows there', () => {
    assert.deepEqual(http.oauth_config.scopes.bot, MANIFEST_SCOPES);
  });

  test('let people type to the app, and tell it what they typed', () => {
    assert.equal(http.features.app_home.messages_tab_read_only_enabled, false);
    const needs = { app_mention: 'app_mentions:read', 'message.im': 'im:history', link_shared: 'links:read' };
    for (const [event, scope] of Object.entries(needs)) {
      assert.ok(http.settings.event_subscriptions.bot_events.includes(event), event);
      assert.ok(http.oauth_config.scopes.bot.includes(scope), scope);
    }
  });

  test('name every command that the help names', () => {
    const named = [...new Set(readText(showHelp().blocks).match(/(?<=^|\s)\/[a-z]+/gm))];
    assert.deepEqual(http.features.slash_commands.map(({ command }) => command).toSorted(), named.toSorted());
  });

  test('name every shortcut, as the help calls it', () => {
    assert.deepEqual(
      http.features.shortcuts.map((shortcut) => shortcut.callback_id),
      Object.values(SHORTCUTS),
    );
    for (const { name } of http.features.shortcuts)
      assert.ok(readText(showHelp().blocks).includes(name), name);
  });
});

function fileOf(mode: 'http' | 'socket'): string {
  return fileURLToPath(new URL(`../../slack/manifest.${mode}.json`, import.meta.url));
}

function readManifest(mode: 'http' | 'socket'): z.infer<typeof Manifest> {
  return Manifest.parse(JSON.parse(readFileSync(fileOf(mode), 'utf8')));
}

function withoutAddresses({ features, settings, ...rest }: z.infer<typeof Manifest>): unknown {
  return {
    ...rest,
    oauth_config: rest.oauth_config.scopes,
    features: {
      ...features,
      slash_commands: features.slash_commands.map((one) => ({ ...one, url: undefined })),
    },
    settings: {
      ...settings,
      socket_mode_enabled: undefined,
      event_subscriptions: settings.event_subscriptions.bot_events,
      interactivity: settings.interactivity.is_enabled,
    },
  };
}
