import type { Request, Response } from 'express';
import type { CallOptions } from '../../connectors/call.ts';
import { ProviderDownError, ProviderError, describeError } from '../../errors.ts';
import { countExclusions } from '../../pipeline/1-sync/count-exclusions.ts';
import type { ExclusionCounts } from '../../pipeline/1-sync/count-exclusions.ts';
import { changeSettings } from '../../pipeline/change-settings.ts';
import { checkSettings } from '../../pipeline/check-settings.ts';
import type { SettingsProblem } from '../../pipeline/check-settings.ts';
import {
  compareSettings,
  flattenSettings,
  joinSettings,
  nestSettings,
} from '../../pipeline/compare-settings.ts';
import type { FlatSettings } from '../../pipeline/compare-settings.ts';
import { asStored, describeSettings } from '../../pipeline/settings-document.ts';
import type { ConnectionSettings } from '../../pipeline/store/connection-settings.ts';
import { findConnection } from '../../pipeline/store/connections.ts';
import type { Connection } from '../../pipeline/store/connections.ts';
import { HttpError } from '../http-error.ts';
import { namePlace, nameValue, writeScalar } from './name-settings.ts';
import type { PageDeps } from './page-deps.ts';
import { FIELDS_TIMEOUT_MS, renderSettings } from './render-settings.ts';
import type { OpenedSettings } from './render-settings.ts';
import { nameExclusions, readSettingsForm } from './settings-form.ts';
import type { SettingsForm } from './settings-form.ts';

// A person waits: what was read by then is counted.
const COUNT_TIMEOUT_MS = 20_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** One connection's settings, as they are. */
export async function showSettings(deps: PageDeps, request: Request, response: Response): Promise<string> {
  const opened = await open(deps, request);
  const { crm, current } = opened;
  const again = writeScalar(request.query['again']).split(',');
  return renderSettings(deps, request, response, opened, {
    settings: current,
    saved:
      request.query['saved'] === undefined ? null : crm.readObjects.filter((each) => again.includes(each)),
  });
}

/**
 * Takes the settings form: checks it, shows what it would leave out, or stores it. Exclusions are not stored before their
 * effect was shown, nor anything over what somebody else changed meanwhile. Null when it was stored: then `response` has been
 * sent on.
 */
export async function takeSettings(
  deps: PageDeps,
  request: Request,
  response: Response,
): Promise<string | null> {
  const opened = await open(deps, request);
  const { connection, crm, current } = opened;
  const form = readSettingsForm(crm, request.body);
  const base = form.base ?? current;
  const { settings } = form;
  if (form.version !== connection.settingsVersion)
    return showOvertaken(deps, request, response, opened, base, settings);
  try {
    return await takeChecked(deps, request, response, opened, { ...form, base, settings });
  } catch (error) {
    if (!(error instanceof ProviderError || error instanceof ProviderDownError)) throw error;
    response.status(502);
    return renderSettings(deps, request, response, opened, { settings, unanswered: describeError(error) });
  }
}

async function takeChecked(
  deps: PageDeps,
  request: Request,
  response: Response,
  opened: OpenedSettings,
  { action, base, counted, settings }: SettingsForm & { base: FlatSettings },
): Promise<string | null> {
  const { connection, crm, current } = opened;
  const call = callWithin(FIELDS_TIMEOUT_MS);
  const document = nestSettings(settings);
  const shown = nameExclusions(settings);
  if (action === 'save' && (shown === counted || shown === nameExclusions(current))) {
    const changed = await changeSettings(deps.db, crm, connection, document, call);
    if (changed.outcome === 'overtaken')
      return showOvertaken(deps, request, response, await open(deps, request), base, settings);
    if (changed.outcome === 'refused')
      return refuse(deps, request, response, opened, settings, changed.problems);
    const { id } = connection;
    deps.log.info({ connectionId: id, requestId: response.locals['requestId'] }, 'settings changed by hand');
    response.redirect(303, `/settings/${id}?saved=yes&again=${changed.again.join(',')}`);
    return null;
  }
  const judged = await checkSettings(crm, document, call);
  if ('problems' in judged) return refuse(deps, request, response, opened, settings, judged.problems);
  const checked = asStored(crm, judged.settings);
  const counts = await count(deps, connection, checked);
  return renderSettings(deps, request, response, opened, { settings, counts, checked });
}

/** The connection that the path names, with its settings. @throws HttpError 404, UserError where it can't be opened here */
async function open(deps: PageDeps, request: Request): Promise<OpenedSettings> {
  const id = String(request.params['id']).toLowerCase();
  const found = UUID.test(id)
    ? await deps.db.inWorkspace(deps.workspaceId, (tx) => findConnection(tx, id))
    : null;
  if (found === null || found.status === 'removed')
    throw new HttpError(404, `There is no connection ${id}`, 'The settings page lists them all.');
  const crm = deps.crmOf(found);
  return { connection: found, crm, current: flattenSettings(describeSettings(crm, found.settings)) };
}

function callWithin(milliseconds: number): CallOptions {
  return { signal: AbortSignal.timeout(milliseconds), interactive: true };
}

function count(
  deps: PageDeps,
  connection: Connection,
  settings: ConnectionSettings,
): Promise<ExclusionCounts> {
  const trial = deps.crmOf(connection, settings);
  return countExclusions(deps.db, trial, connection, settings.exclude, callWithin(COUNT_TIMEOUT_MS));
}

function refuse(
  deps: PageDeps,
  request: Request,
  response: Response,
  opened: OpenedSettings,
  settings: FlatSettings,
  problems: readonly SettingsProblem[],
): Promise<string> {
  response.status(422);
  return renderSettings(deps, request, response, opened, { settings, problems });
}

/** Somebody was faster: their changes and this person's in one form, to be looked at and sent again. */
function showOvertaken(
  deps: PageDeps,
  request: Request,
  response: Response,
  opened: OpenedSettings,
  base: FlatSettings,
  mine: FlatSettings,
): Promise<string> {
  const { joined, both } = joinSettings(base, opened.current, mine);
  response.status(409);
  const theirs = compareSettings(base, opened.current).map(({ path, before, after }) => ({
    place: namePlace(path),
    before: nameValue(path, before),
    after: nameValue(path, after),
    yours: both.includes(path) ? nameValue(path, mine[path]) : null,
  }));
  return renderSettings(deps, request, response, opened, { settings: joined, theirs });
}
