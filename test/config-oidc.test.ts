import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';
import { UserError } from '../src/errors.ts';

const KEYS = { OIDC_CLIENT_ID: 'id', OIDC_CLIENT_SECRET: 'secret' };
const PUBLIC = { PUBLIC_URL: 'https://notes.example' };

test('each provider needs no more than what can not be known of it', () => {
  const issuerOf = (environment: Record<string, string>) =>
    readConfig({ ...KEYS, ...PUBLIC, ...environment }).oidc?.issuer;
  assert.equal(readConfig(PUBLIC).oidc, null);
  assert.equal(issuerOf({ OIDC_PROVIDER: 'slack', OIDC_TENANT: 'T123' }), 'https://slack.com');
  assert.equal(issuerOf({ OIDC_PROVIDER: 'google' }), 'https://accounts.google.com');
  const tenant = '5F1D0000-0000-4000-8000-00000000FEED';
  assert.equal(
    issuerOf({ OIDC_PROVIDER: 'microsoft', OIDC_TENANT: tenant }),
    `https://login.microsoftonline.com/${tenant.toLowerCase()}/v2.0`,
  );
  assert.equal(issuerOf({ OIDC_ISSUER: 'https://idp.example/realms/x' }), 'https://idp.example/realms/x');
  const salesforce = {
    OIDC_PROVIDER: 'salesforce',
    SALESFORCE_LOGIN_URL: 'https://acme.my.salesforce.com',
    SALESFORCE_CLIENT_ID: 'a',
    SALESFORCE_CLIENT_SECRET: 'b',
  };
  assert.equal(issuerOf(salesforce), 'https://acme.my.salesforce.com');
  const { oidc } = readConfig({
    ...KEYS,
    OIDC_ISSUER: 'http://127.0.0.1:4006',
    OIDC_ALLOWED_EMAILS: ' @Acme.com, Nora@x.example\nsam@y.example ',
  });
  assert.deepEqual(oidc?.allowedEmails, ['@acme.com', 'nora@x.example', 'sam@y.example']);
});

test('sign-in that would say too little, or let the wrong people in, is refused with what to do', () => {
  const cases: [Record<string, string>, RegExp, RegExp][] = [
    [
      { ...KEYS, ...PUBLIC },
      /nothing says who signs people in/,
      /OIDC_PROVIDER to slack, google, salesforce or microsoft/,
    ],
    [{ ...KEYS, ...PUBLIC, OIDC_PROVIDER: 'salesforce' }, /nothing says who/, /My Domain/],
    [{ ...PUBLIC, OIDC_PROVIDER: 'google' }, /OIDC_CLIENT_ID is missing/, /docs\/sign-in\.md/],
    [{ ...PUBLIC, OIDC_PROVIDER: 'google', OIDC_CLIENT_ID: 'id' }, /OIDC_CLIENT_SECRET is missing/, /both/],
    [{ ...PUBLIC, OIDC_ALLOWED_EMAILS: '@acme.com' }, /nothing says who/, /OIDC_ISSUER/],
    [{ ...KEYS, ...PUBLIC, OIDC_PROVIDER: 'slack' }, /anybody with a Slack workspace/, /OIDC_TENANT/],
    [{ ...KEYS, ...PUBLIC, OIDC_PROVIDER: 'microsoft' }, /people of every organization/, /tenant/],
    ...['common', 'acme.com'].map((tenant): [Record<string, string>, RegExp, RegExp] => [
      { ...KEYS, ...PUBLIC, OIDC_PROVIDER: 'microsoft', OIDC_TENANT: tenant },
      /people of every organization/,
      /Directory \(tenant\) ID/,
    ]),
    [
      { ...KEYS, ...PUBLIC, OIDC_PROVIDER: 'salesforce', OIDC_ISSUER: 'https://login.salesforce.com' },
      /serves every Salesforce org/,
      /My Domain/,
    ],
    [{ ...KEYS, ...PUBLIC, OIDC_ISSUER: 'https://idp.example', OIDC_TENANT: 'x' }, /alone/, /OIDC_PROVIDER/],
    [{ ...KEYS, ...PUBLIC, OIDC_ISSUER: 'http://idp.example' }, /not https/, /https:\/\//],
    [
      { ...KEYS, PUBLIC_URL: 'http://notes.example', OIDC_PROVIDER: 'google' },
      /PUBLIC_URL is http:.*not https/,
      /https:\/\//,
    ],
    [
      { ...KEYS, ...PUBLIC, OIDC_PROVIDER: 'google', OIDC_ALLOWED_EMAILS: 'acme.com' },
      /"acme\.com" is neither/,
      /@acme\.com/,
    ],
    [
      { ...KEYS, ...PUBLIC, OIDC_PROVIDER: 'okta' },
      /expected slack, google, salesforce or microsoft/,
      /doctor/,
    ],
  ];
  for (const [environment, message, fix] of cases)
    assert.throws(
      () => readConfig(environment),
      (error: unknown) =>
        error instanceof UserError && message.test(error.message) && fix.test(error.fix ?? ''),
      JSON.stringify(environment),
    );
});
