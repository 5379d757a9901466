import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import { ALL_SCOPES } from '../../sandbox/hubspot/twin.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROJECT = join(ROOT, 'crm/hubspot');
const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

const ajv = new Ajv2020({ allErrors: true, schemas: [] });
addFormats.default(ajv);
ajv.addSchema({
  $id: 'hubspot',
  ...z.record(z.string(), z.unknown()).parse(read(join(import.meta.dirname, 'hubspot-project.schema.json'))),
});

function check(what: string, value: unknown): void {
  const validate = ajv.getSchema(`hubspot#/$defs/${what}`);
  assert.ok(validate !== undefined, `there is no component "${what}"`);
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}`);
}

const Component = z.looseObject({ uid: z.string(), type: z.string(), config: z.unknown() });
const profile = z
  .object({ accountId: z.number(), variables: z.record(z.string(), z.string()) })
  .parse(read(join(PROJECT, 'src/hsprofile.production.json')));

/** The components as HubSpot's command line reads them: from their folders, with the profile's variables put in. */
const components = globSync('src/**/*-hsmeta.json', { cwd: PROJECT }).map((path) => {
  const text = readFileSync(join(PROJECT, path), 'utf8').replaceAll(
    /\$\{(\w+)\}/g,
    (_whole, name: string) => {
      assert.ok(name in profile.variables, `${path}: the profile has no ${name}`);
      return profile.variables[name] ?? '';
    },
  );
  return { folder: dirname(path), ...Component.parse(JSON.parse(text)) };
});
const configOf = <T>(type: string, shape: z.ZodType<T>): T =>
  shape.parse(components.find((component) => component.type === type)?.config);

test('every file of the HubSpot project is as HubSpot describes it, and lies where HubSpot looks for it', () => {
  check('project', read(join(PROJECT, 'hsproject.json')));
  check('profile', read(join(PROJECT, 'src/hsprofile.production.json')));
  const folders = components.map(({ folder, type }) => `${folder.replaceAll('\\', '/')}: ${type}`);
  assert.deepEqual(folders.toSorted(), ['src/app/cards: card', 'src/app/webhooks: webhooks', 'src/app: app']);
  assert.equal(
    new Set(components.map(({ uid }) => uid)).size,
    components.length,
    'each has a uid of its own',
  );
  for (const { folder: _folder, ...component } of components) check(component.type, component);
});

test('the app may call Fieldnote alone, and asks for the scopes that are used', () => {
  const App = z.looseObject({
    auth: z.looseObject({ requiredScopes: z.array(z.string()) }),
    permittedUrls: z.record(z.string(), z.array(z.string())),
  });
  const { auth, permittedUrls } = configOf('app', App);
  assert.deepEqual(permittedUrls, { fetch: [profile.variables['FIELDNOTE_URL']], iframe: [], img: [] });
  const page = readFileSync(join(ROOT, 'docs/connect-hubspot.md'), 'utf8');
  const explained = [...page.matchAll(/^\| `(crm\.[\w.]+)` \|/gm)].map(([, scope]) => scope ?? '');
  assert.deepEqual(auth.requiredScopes.toSorted(), [...explained, 'oauth'].toSorted());
  for (const scope of auth.requiredScopes) assert.ok(ALL_SCOPES.includes(scope), scope);
});

test('the card’s entrypoint is there, and it is built with the versions that are tested here', () => {
  const { entrypoint } = configOf('card', z.looseObject({ entrypoint: z.string() }));
  assert.ok(existsSync(join(PROJECT, 'src', entrypoint)), entrypoint);
  const Package = z.looseObject({
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
  });
  const card = Package.parse(read(join(PROJECT, 'src/app/cards/package.json')));
  const root = Package.parse(read(join(ROOT, 'package.json')));
  const tested = { ...root.dependencies, ...root.devDependencies };
  // HubSpot builds with a TypeScript of its own; ours only checks.
  const { typescript: _typescript, ...others } = card.devDependencies;
  for (const [name, version] of Object.entries({ ...card.dependencies, ...others }))
    assert.equal(version, tested[name], name);
});
