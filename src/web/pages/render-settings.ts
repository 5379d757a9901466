import type { Request, Response } from 'express';
import type { Crm } from '../../connectors/crm.ts';
import { describeError } from '../../errors.ts';
import type { ExclusionCounts } from '../../pipeline/1-sync/count-exclusions.ts';
import { nameOfPlan } from '../../pipeline/1-sync/reading-plan.ts';
import type { SettingsProblem } from '../../pipeline/check-settings.ts';
import { compareSettings } from '../../pipeline/compare-settings.ts';
import type { FlatSettings } from '../../pipeline/compare-settings.ts';
import type { ConnectionSettings } from '../../pipeline/store/connection-settings.ts';
import { nameConnection } from '../../pipeline/store/connections.ts';
import type { Connection } from '../../pipeline/store/connections.ts';
import { issueFormToken } from '../guard.ts';
import { renderPage } from '../render.ts';
import { describeCompanies, describeSettingsForm } from './describe-settings.ts';
import type { FieldLists } from './describe-settings.ts';
import { CRM_NAMES } from './describe-writes.ts';
import { formatCount } from './format.ts';
import { describeFrame } from './frame.ts';
import { namePlace, nameValue } from './name-settings.ts';
import type { PageDeps } from './page-deps.ts';
import { nameExclusions } from './settings-form.ts';

// A person waits for the page: a CRM that lists no fields by then is one that does not answer.
export const FIELDS_TIMEOUT_MS = 10_000;

// Each mailbox provider is a reason of its own.
const REASONS_SHOWN = 12;

/** A connection whose CRM can be asked, and its settings as they are stored. */
export type OpenedSettings = { connection: Connection; crm: Crm; current: FlatSettings };

/** What the page shows beside what is stored. */
export type ShownSettings = {
  settings: FlatSettings;
  problems?: readonly SettingsProblem[];
  counts?: ExclusionCounts;
  /** The settings that passed the check. */
  checked?: ConnectionSettings;
  theirs?: { place: string; before: string; after: string; yours: string | null }[];
  /** Objects that the next sync reads again, after a change was stored. */
  saved?: string[] | null;
  /** Why the CRM could not be asked: nothing was stored. */
  unanswered?: string | null;
};

/** The settings page. */
export async function renderSettings(
  deps: PageDeps,
  request: Request,
  response: Response,
  { connection, crm, current }: OpenedSettings,
  { settings, problems = [], counts, checked, theirs, saved, unanswered = null }: ShownSettings,
): Promise<string> {
  const { fields, failed } = await listFields(crm);
  const name = `${CRM_NAMES[connection.kind]} ${connection.name}`;
  const changes = compareSettings(current, settings);
  const again = crm.readObjects.filter(
    (object) =>
      checked !== undefined && nameOfPlan(object, connection.settings) !== nameOfPlan(object, checked),
  );
  return renderPage('settings', {
    ...describeFrame({
      title: `Settings of ${name}`,
      section: 'settings',
      visitor: deps.visitor,
      down: await deps.health.readDown(),
    }),
    name,
    organization: connection.organization ?? 'not checked yet',
    action: `/settings/${connection.id}`,
    command: nameConnection(connection),
    token: issueFormToken(request, response, deps.publicUrl),
    version: connection.settingsVersion,
    base: JSON.stringify(current),
    counted: counts === undefined ? '' : nameExclusions(settings),
    isSaved: Array.isArray(saved),
    readAgain: [...(saved ?? []), ...again].join(', every '),
    failed: unanswered === null ? failed : null,
    unanswered,
    problems: problems.map(({ path, message }) => ({ place: namePlace(path.join('.')), message })),
    theirs: theirs ?? null,
    isChecked: checked !== undefined,
    changes: changes.map(({ path, before, after }) => ({
      place: namePlace(path),
      before: nameValue(path, before),
      after: nameValue(path, after),
    })),
    counts: counts === undefined ? null : describeCounts(counts),
    ...describeSettingsForm({ crm, settings, fields, problems, counts: counts ?? null }),
  });
}

function describeCounts(counts: ExclusionCounts) {
  return {
    together: describeCompanies(counts.together, counts),
    rows: formatCount(counts.rows),
    complete: counts.complete,
    skipped: [...counts.skipped]
      .toSorted(([, one], [, other]) => other - one)
      .slice(0, REASONS_SHOWN)
      .map(([because, rows]) => ({ because, rows: formatCount(rows) })),
  };
}

/** Each object's fields as the CRM says now; where it does not answer, why. */
async function listFields(crm: Crm): Promise<{ fields: FieldLists; failed: string | null }> {
  const call = { signal: AbortSignal.timeout(FIELDS_TIMEOUT_MS), interactive: true };
  try {
    const lists = crm.readObjects.map(
      async (object) => [object, await crm.listFields(object, call)] as const,
    );
    return { fields: new Map(await Promise.all(lists)), failed: null };
  } catch (error) {
    return { fields: new Map(), failed: describeError(error) };
  }
}
