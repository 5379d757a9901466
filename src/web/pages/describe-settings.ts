import type { Crm, CrmObject } from '../../connectors/crm.ts';
import { FIELDS } from '../../connectors/crm-fields.ts';
import type { CrmField } from '../../connectors/crm-reading.ts';
import type { ExclusionCounts } from '../../pipeline/1-sync/count-exclusions.ts';
import { mayTell } from '../../pipeline/check-settings.ts';
import type { SettingsProblem } from '../../pipeline/check-settings.ts';
import type { FlatSettings } from '../../pipeline/compare-settings.ts';
import { mappableKeys } from '../../pipeline/settings-document.ts';
import { OPERATORS } from '../../pipeline/store/connection-settings.ts';
import { formatCount } from './format.ts';
import {
  AS_EVERYWHERE,
  POLICY_LABELS,
  READ_LABELS,
  SWITCH_LABELS,
  formatShare,
  writeScalar,
} from './name-settings.ts';

export type FieldLists = ReadonlyMap<CrmObject, readonly CrmField[]>;
type Shown = {
  crm: Pick<Crm, 'kind' | 'readObjects' | 'writeObjects' | 'usualFields'>;
  settings: FlatSettings;
  fields: FieldLists;
  problems: readonly SettingsProblem[];
  counts: ExclusionCounts | null;
};

// A list may name five fields; more than one more to fill in at a time is clutter.
const MOST_NAMES = 5;
const NEW_RULES = 2;

const EXPLAIN: Record<Crm['kind'], Record<'customers' | 'openDeals' | 'optedOut', string>> = {
  salesforce: {
    customers: 'accounts whose Type begins with “Customer”',
    openDeals: 'accounts with an opportunity that is not closed',
    optedOut: 'leads and contacts with Email Opt Out, and companies known through such people alone',
  },
  hubspot: {
    customers: 'companies and contacts whose lifecycle stage is customer or evangelist',
    openDeals: 'companies that count an open deal',
    optedOut: 'contacts who opted out of all e-mail, and companies known through such people alone',
  },
};

const NOTES: Record<Crm['kind'], string> = {
  salesforce: 'a completed task on the record’s timeline; takes the permission Edit Tasks',
  hubspot: 'a note on the record’s timeline',
};

/** The form's parts. */
export function describeSettingsForm(shown: Shown) {
  return {
    objects: describeObjects(shown),
    policies: describePolicies(shown),
    ownPolicies: describeOwnPolicies(shown),
    switches: describeSwitches(shown),
    rules: describeRules(shown),
    ruleFields: describeRuleFields(shown),
    notes: shown.settings['noteOnBandChange'] === true,
    noteExplain: NOTES[shown.crm.kind],
    share: formatShare(shown.settings['dailyShare']),
    shareProblem: problemAt(shown, ['dailyShare']),
  };
}

function describeObjects({ crm, settings, fields, problems }: Shown) {
  return crm.readObjects.map((object) => {
    const listed = fields.get(object) ?? [];
    return {
      object,
      lists: (['website', 'employees'] as const).map((key) => ({
        id: listId(object, key),
        options: listed.filter((field) => mayTell(key, field)).map(({ name, label, platformType }) => ({ name, label: `${label} · ${platformType}` })), // prettier-ignore
      })),
      rows: mappableKeys(crm.usualFields, object).map((key) => {
        const path = `read.${object}.${key}`;
        const names = toList(settings[path]).map(writeScalar);
        const shownNames = names.length < MOST_NAMES ? [...names, ''] : names;
        return {
          path,
          label: READ_LABELS[key] ?? key,
          inputs: shownNames.map((value, place) => ({
            id: place === 0 ? path : `${path}.${place}`,
            value,
            isElse: place > 0,
            isNew: place > 0 && value === '',
            list: listId(object, key),
            type: describeType(listed, value),
          })),
          problem: problemAt({ problems }, ['read', object, key]),
        };
      }),
      count: formatCount(listed.length),
      all: listed.map(({ name, label, platformType }) => ({ name, label, type: platformType })),
    };
  });
}

// What may tell a website may tell an e-mail address, and so on: two lists an object.
const listId = (object: string, key: string): string =>
  `fields-${object}-${key === 'website' || key === 'email' ? 'text' : 'any'}`;

function describeType(listed: readonly CrmField[], name: string): string {
  const field = listed.find((one) => one.name.toLowerCase() === name.toLowerCase());
  return field === undefined ? '' : `${field.label} · ${field.platformType}`;
}

function describePolicies(shown: Shown) {
  return FIELDS.map(({ key, label }) => ({
    path: `write.${key}`,
    label: label.replace(/^Fieldnote /, ''),
    options: describeChoices(shown.settings[`write.${key}`]),
    problem: problemAt(shown, ['write', key]),
  }));
}

const describeChoices = (chosen: unknown) =>
  Object.entries(POLICY_LABELS).map(([value, label]) => ({ value, label, on: chosen === value }));

/** The fields of each object, which may be written otherwise there. Folded away while none is. */
function describeOwnPolicies(shown: Shown) {
  return shown.crm.writeObjects.map((object) => {
    const rows = FIELDS.map(({ key, label }) => {
      const path = `write.${object}.${key}`;
      const own = shown.settings[path];
      return {
        path,
        label: label.replace(/^Fieldnote /, ''),
        isSet: own !== undefined,
        options: [{ value: '', label: AS_EVERYWHERE, on: own === undefined }, ...describeChoices(own)],
        problem: problemAt(shown, ['write', object, key]),
      };
    });
    return { object, rows, isOpen: rows.some(({ isSet, problem }) => isSet || problem !== null) };
  });
}

function describeSwitches({ crm, settings, counts }: Shown) {
  return (['customers', 'openDeals', 'optedOut'] as const).map((key) => ({
    path: `exclude.${key}`,
    label: SWITCH_LABELS[key],
    explain: EXPLAIN[crm.kind][key],
    on: settings[`exclude.${key}`] === true,
    count: counts === null ? null : describeCompanies(counts[key], counts),
  }));
}

function describeRules({ settings, problems, counts }: Shown) {
  const rules = toList(settings['exclude.where']);
  const blank = Array.from({ length: NEW_RULES }, () => null);
  return [...rules, ...blank].map((rule, place) => {
    const object = readKey(rule, 'object');
    const field = readKey(rule, 'field');
    const op = readKey(rule, 'op');
    return {
      place,
      number: place + 1,
      isNew: rule === null,
      field: [object, field].filter((part) => part !== '').join('.'),
      ops: OPERATORS.map((each) => ({ value: each, label: each.replaceAll('-', ' '), on: each === op })),
      value: toList(readRaw(rule, 'value')).map(writeScalar).join('\n'),
      count: counts === null || rule === null ? null : describeCompanies(counts.where[place] ?? 0, counts),
      problem: rule === null ? null : problemAt({ problems }, ['exclude', 'where', place]),
    };
  });
}

function describeRuleFields({ crm, fields }: Shown) {
  return crm.readObjects.flatMap(
    (object) =>
    (fields.get(object) ?? [])
      .filter(({ kind }) => kind !== 'other')
      .map(({ name, label, platformType }) => ({ name: `${object}.${name}`, label: `${label} · ${platformType}` })), // prettier-ignore
  );
}

/** `12 of 640 companies` */
export function describeCompanies(count: number, { companies, complete }: ExclusionCounts): string {
  const some = complete ? '' : 'at least ';
  return `${some}${formatCount(count)} of ${formatCount(companies)} ${companies === 1 ? 'company' : 'companies'}`;
}

function problemAt({ problems }: Pick<Shown, 'problems'>, path: readonly (string | number)[]): string | null {
  const here = problems.filter((problem) => path.every((part, place) => problem.path[place] === part));
  return here.map(({ message }) => message).join('; ') || null;
}

function toList(value: unknown): unknown[] {
  return value === null || value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function readRaw(rule: unknown, key: string): unknown {
  return typeof rule === 'object' && rule !== null ? Reflect.get(rule, key) : undefined;
}

function readKey(rule: unknown, key: string): string {
  const value = readRaw(rule, key);
  return typeof value === 'string' ? value : '';
}
