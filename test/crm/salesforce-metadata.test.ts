import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { validateXML } from 'xmllint-wasm';
import { isInTime, isSignedBy, readSignature } from '../../src/web/buttons/salesforce-signature.ts';
import { PACKAGE } from '../documents/salesforce-metadata.ts';

const HERE = fileURLToPath(new URL(`../../${PACKAGE}`, import.meta.url));
const SCHEMA = readFileSync(new URL('metadata.xsd', import.meta.url), 'utf8');
const FILES = globSync('**/*', { cwd: HERE });
const XML = FILES.filter((name) => name.endsWith('-meta.xml'));
const read = (name: string): string => readFileSync(join(HERE, name), 'utf8');
const valuesOf = (xml: string, element: string): string[] =>
  [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(([, value = '']) => value);

const validate = (files: readonly { fileName: string; contents: string }[]) =>
  validateXML({ xml: files, schema: [{ fileName: 'metadata.xsd', contents: SCHEMA }] });

test('every metadata file of the Salesforce package holds what its type may hold', async () => {
  assert.ok(XML.length > 35, `${XML.length} files`);
  const { valid, errors } = await validate(XML.map((fileName) => ({ fileName, contents: read(fileName) })));
  assert.deepEqual(errors, []);
  assert.ok(valid);
});

test('the check of metadata refuses what sf converts without a word: a wrong type, an unclosed tag, an unknown element', async () => {
  const name = 'objects/Account/fields/Fieldnote_Score__c.field-meta.xml';
  const good = read(name);
  const wrong = [
    good.replace('>Number<', '>Nummber<'),
    good.replace('</label>', ''),
    good.replace('<scale>', '<size>1</size><scale>'),
  ];
  for (const contents of wrong) {
    assert.notEqual(contents, good);
    assert.equal((await validate([{ fileName: name, contents }])).valid, false);
  }
});

test('whatever a file of the Salesforce package names is in the package', () => {
  const has = (path: string): void => assert.ok(existsSync(join(HERE, path)), path);
  for (const name of XML) {
    const xml = read(name);
    for (const one of valuesOf(xml, 'apexClass')) has(`classes/${one}.cls`);
    for (const one of [...valuesOf(xml, 'apexPage'), ...valuesOf(xml, 'page')]) has(`pages/${one}.page`);
    for (const one of valuesOf(xml, 'lightningWebComponent')) {
      has(`lwc/${one}/${one}.js`);
      assert.match(read(`lwc/${one}/${one}.js-meta.xml`), /<target>lightning__RecordAction</);
    }
    for (const one of valuesOf(xml, 'field')) has(`objects/${one.replace('.', '/fields/')}.field-meta.xml`);
    for (const one of valuesOf(xml, 'externalCredential'))
      has(`externalCredentials/${one}.externalCredential-meta.xml`);
    for (const one of valuesOf(xml, 'externalCredentialPrincipal')) {
      const [credential, principal = ''] = one.split('-');
      const found = read(`externalCredentials/${credential}.externalCredential-meta.xml`);
      assert.deepEqual(valuesOf(found, 'parameterName'), [principal]);
    }
    if (/\.(cls|page)-meta\.xml$/.test(name)) has(name.replace('-meta.xml', ''));
  }
  for (const name of FILES.filter((one) => /\.(js|page|cls)$/.test(one))) {
    const source = read(name);
    for (const [, type = '', method = ''] of source.matchAll(/@salesforce\/apex\/(\w+)\.(\w+)/g))
      assert.match(
        read(`classes/${type}.cls`),
        new RegExp(`@AuraEnabled\\s+public static String ${method}\\(`),
      );
    for (const [, extension] of source.matchAll(/extensions="(\w+)"/g)) has(`classes/${extension}.cls`);
    for (const [, bundle] of source.matchAll(/from 'c\/(\w+)'/g)) has(`lwc/${bundle}/${bundle}.js`);
    for (const [, credential] of source.matchAll(/'callout:(\w+)'/g))
      has(`namedCredentials/${credential}.namedCredential-meta.xml`);
  }
});

test('every Apex class keeps to what the person who asks may see, and none holds a secret or an address', () => {
  const classes = FILES.filter((name) => name.endsWith('.cls') && !name.endsWith('Test.cls'));
  assert.equal(classes.length, 3);
  for (const name of classes) {
    const source = read(name);
    assert.match(source, /^public with sharing class /m, name);
    assert.doesNotMatch(source, /without sharing|https?:\/\//, name);
    for (const [query] of source.matchAll(/\[SELECT[^\]]*\]/g)) assert.match(query, /WITH USER_MODE/);
  }
});

test('the signature that the Apex test expects is let in by the code that lets calls in, and nothing else is', () => {
  const source = read('classes/FieldnoteTest.cls');
  const constant = (name: string): string =>
    new RegExp(`VECTOR_${name} = '([^']*)';`).exec(source)?.[1] ?? assert.fail(name);
  const call = {
    path: constant('PATH'),
    timestamp: constant('TIMESTAMP'),
    body: Buffer.from(constant('BODY')),
    orgId: constant('ORG'),
  };
  const signature = readSignature(constant('SIGNATURE')) ?? assert.fail('not in its shape');
  assert.ok(isSignedBy(call, signature, constant('SECRET')));
  for (const changed of [{ path: '/x' }, { timestamp: '1' }, { body: Buffer.from('{}') }, { orgId: '00D' }])
    assert.ok(!isSignedBy({ ...call, ...changed }, signature, constant('SECRET')));
  assert.ok(isInTime(call, Number(call.timestamp) + 300_000));
  for (const ms of [300_001, -300_001]) assert.ok(!isInTime(call, Number(call.timestamp) + ms));
  for (const timestamp of ['', 'NaN', '1e3', '-1']) assert.ok(!isInTime({ timestamp }, 0));
});
