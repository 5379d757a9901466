import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Crm } from '../../connectors/crm.ts';
import { FIELDS } from '../../connectors/crm-fields.ts';
import { mappableKeys } from '../../pipeline/settings-document.ts';
import type { FlatSettings } from '../../pipeline/compare-settings.ts';

const Body = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** What a person sent from the settings page. */
export type SettingsForm = {
  action: 'check' | 'save';
  /** The settings' version that the page showed. */
  version: number;
  /** The settings that the page showed; null: not readable. */
  base: FlatSettings | null;
  /** The fingerprint of the exclusions whose effect the page showed; empty: of none. */
  counted: string;
  settings: FlatSettings;
};

const SWITCHES = ['customers', 'openDeals', 'optedOut'] as const;

/**
 * The settings page's form → settings, checked for nothing yet: whatever was typed is handed on to be refused by name.
 * @param usual the CRM, which says what there is to set
 */
export function readSettingsForm(
  usual: Pick<Crm, 'readObjects' | 'writeObjects' | 'usualFields'>,
  sent: unknown,
): SettingsForm {
  const body = Body.safeParse(sent).data ?? {};
  const listOf = (name: string): string[] => [body[name] ?? []].flat().map((text) => text.trim());
  const textOf = (name: string): string => listOf(name)[0] ?? '';
  const settings: Record<string, unknown> = {};
  for (const object of usual.readObjects)
    for (const key of mappableKeys(usual.usualFields, object)) {
      const names = listOf(`read.${object}.${key}`).filter((name) => name !== '');
      settings[`read.${object}.${key}`] = names.length > 1 ? names : (names[0] ?? null);
    }
  for (const { key } of FIELDS) settings[`write.${key}`] = textOf(`write.${key}`);
  for (const path of usual.writeObjects.flatMap((object) =>
    FIELDS.map(({ key }) => `write.${object}.${key}`),
  ))
    if (textOf(path) !== '') settings[path] = textOf(path);
  for (const key of SWITCHES) settings[`exclude.${key}`] = textOf(`exclude.${key}`) !== '';
  settings['exclude.where'] = readRules(body, textOf);
  settings['noteOnBandChange'] = textOf('noteOnBandChange') !== '';
  const percent = textOf('dailyShare');
  settings['dailyShare'] = isNumber(percent) ? Number(percent) / 100 : percent;
  return {
    action: textOf('action') === 'save' ? 'save' : 'check',
    version: Number(textOf('version')),
    base: readBase(textOf('base')),
    counted: textOf('counted'),
    settings,
  };
}

/** Names exclusions, in short: whoever saves others than those whose effect was shown is shown it first. */
export function nameExclusions(settings: FlatSettings): string {
  const exclusions = [...SWITCHES, 'where'].map((key) => settings[`exclude.${key}`]);
  return createHash('sha256').update(JSON.stringify(exclusions)).digest('base64url').slice(0, 16);
}

function readRules(body: z.infer<typeof Body>, textOf: (name: string) => string): object[] {
  const places = Object.keys(body).flatMap((name) => /^where\.(\d{1,3})\.field$/.exec(name)?.[1] ?? []);
  return places
    .toSorted((one, other) => Number(one) - Number(other))
    .flatMap((place) => {
      const text = textOf(`where.${place}.field`);
      if (text === '') return [];
      // Account.Region__c
      const [, object = '', field = ''] = /^([^.]*)\.?(.*)$/s.exec(text) ?? [];
      const op = textOf(`where.${place}.op`);
      const lines = textOf(`where.${place}.value`).split(/\r?\n/);
      const values = lines.map((line) => line.trim()).filter((line) => line !== '');
      const value = values.map(readScalar);
      return {
        object,
        field,
        op,
        ...(value.length === 0 ? {} : { value: value.length === 1 ? value[0] : value }),
      };
    });
}

// Numbers and yes or no as a document would hold them, so that what nobody touched is the same as before.
function readScalar(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return isNumber(text) && String(Number(text)) === text ? Number(text) : text;
}

const isNumber = (text: string): boolean => text !== '' && Number.isFinite(Number(text));

function readBase(text: string): FlatSettings | null {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    return null;
  }
}
