import { chooseModel, requireModel } from '../../pipeline/6-pitch/choose-model.ts';
import { requireTemplate } from '../../pipeline/6-pitch/template-library.ts';
import { parseSeller } from '../../pipeline/6-pitch/seller.ts';
import {
  readStoredPitchSettings,
  resetPitchSettings,
  savePitchSettings,
} from '../../pipeline/store/pitch-settings.ts';
import type { PitchSettings } from '../../pipeline/store/pitch-settings.ts';
import { readStoredSeller, saveSeller } from '../../pipeline/store/sellers.ts';
import type { WebDeps } from '../deps.ts';
import { readSeen, refuseUnseen } from './if-match.ts';
import { PitchSettingsAnswer, PitchSettingsChange, Seller, SellerAnswer } from './pitch-shapes.ts';
import { NOTHING, NO_PARAMS, route } from './route.ts';

export const pitchSetupRoutes = [
  route({
    method: 'get',
    path: '/pitch-settings',
    id: 'getPitchSettings',
    summary: 'How the workspace’s pitches are written',
    scope: 'read',
    params: NO_PARAMS,
    query: NO_PARAMS,
    body: NOTHING,
    versioned: true,
    answer: PitchSettingsAnswer,
    answers: { 200: 'The settings' },
    handle: async ({ deps, caller }) => {
      const { settings, version } = await deps.db.inWorkspace(caller.workspaceId, readStoredPitchSettings);
      return { body: describe(deps, settings), version };
    },
  }),
  route({
    method: 'patch',
    path: '/pitch-settings',
    id: 'changePitchSettings',
    summary: 'Change how pitches are written, from the next run on; what is not named stays',
    scope: 'admin',
    params: NO_PARAMS,
    query: NO_PARAMS,
    body: PitchSettingsChange,
    versioned: true,
    answer: PitchSettingsAnswer,
    answers: { 200: 'The settings from now on' },
    example: { tone: 'direct', length: 'concise' },
    handle: async ({ deps, caller, request, body }) => {
      const seen = readSeen(request);
      // Only what was sent: a field that is there and undefined would not be.
      const changes: Partial<PitchSettings> = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)); // prettier-ignore
      const stored = await deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        if (body.template !== undefined) await requireTemplate(tx, body.template);
        requireModel(body.model ?? null, deps.textModels);
        return savePitchSettings(tx, caller.workspaceId, changes, seen);
      });
      if (stored === null) throw refuseUnseen('The settings');
      return { body: describe(deps, stored.settings), version: stored.version };
    },
  }),
  route({
    method: 'delete',
    path: '/pitch-settings',
    id: 'resetPitchSettings',
    summary: 'Back to the settings that come with Fieldnote',
    scope: 'admin',
    params: NO_PARAMS,
    query: NO_PARAMS,
    body: NOTHING,
    versioned: true,
    answer: PitchSettingsAnswer,
    answers: { 200: 'The settings from now on' },
    handle: async ({ deps, caller, request }) => {
      const seen = readSeen(request);
      const { settings, version } = await deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        if (!(await resetPitchSettings(tx, seen))) throw refuseUnseen('The settings');
        return readStoredPitchSettings(tx);
      });
      return { body: describe(deps, settings), version };
    },
  }),
  route({
    method: 'get',
    path: '/seller',
    id: 'getSeller',
    summary: 'What pitches may say of you',
    scope: 'read',
    params: NO_PARAMS,
    query: NO_PARAMS,
    body: NOTHING,
    versioned: true,
    answer: SellerAnswer,
    answers: { 200: 'The profile' },
    handle: async ({ deps, caller }) => {
      const { seller, version } = await deps.db.inWorkspace(caller.workspaceId, readStoredSeller);
      return { body: { seller }, version };
    },
  }),
  route({
    method: 'put',
    path: '/seller',
    id: 'saveSeller',
    summary: 'Write down what pitches may say of you, and what they never claim',
    scope: 'admin',
    params: NO_PARAMS,
    query: NO_PARAMS,
    body: Seller,
    versioned: true,
    answer: SellerAnswer,
    answers: { 200: 'The profile from now on' },
    example: { name: 'Fjord Compute', offer: 'H200 nodes by the hour, in Oslo', neverClaim: ['cheapest'] },
    handle: async ({ deps, caller, request, body }) => {
      const seller = parseSeller(body);
      const seen = readSeen(request);
      const version = await deps.db.inWorkspace(caller.workspaceId, (tx) =>
        saveSeller(tx, caller.workspaceId, seller, seen),
      );
      if (version === null) throw refuseUnseen('The profile');
      return { body: { seller }, version };
    },
  }),
];

function describe({ textModels }: WebDeps, settings: PitchSettings) {
  return { ...settings, models: textModels, writer: chooseModel(settings.model, textModels) };
}
