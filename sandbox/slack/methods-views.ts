import { SlackRefusal, refuseWith } from './answers.ts';
import { needText, readJson, readText } from './args.ts';
import { checkView } from './blocks-view.ts';
import type { SentView } from './blocks-view.ts';
import { makeId } from './ids.ts';
import { withIds } from './modals.ts';
import type { OpenView } from './modals.ts';
import type { ApiCall, Method, Slack } from './slack.ts';
import { APP_ID } from './team.ts';
import type { Team } from './team.ts';

function needView(call: ApiCall, kind: 'modal' | 'home'): SentView {
  const sent = readJson(call.args, 'view');
  if (sent === undefined) throw refuseWith('invalid_arguments', ['missing required field: view']);
  const checked = checkView(sent, kind);
  if ('error' in checked) throw refuseWith(checked.error, checked.messages);
  return checked.view;
}

/** A view in the form of the Web API and of payloads. */
export function showView(
  team: Team,
  { id, hash, view, rootId, previousId }: Omit<OpenView, 'team' | 'user'>,
  values: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    id,
    team_id: team.id,
    private_metadata: '',
    callback_id: '',
    external_id: '',
    title: null,
    submit: null,
    close: null,
    clear_on_close: false,
    notify_on_close: false,
    ...view,
    state: { values },
    hash,
    root_view_id: rootId,
    previous_view_id: previousId,
    app_id: APP_ID,
    app_installed_team_id: team.id,
    bot_id: team.botId,
  };
}

function needTrigger(slack: Slack, call: ApiCall) {
  return slack.triggers.exchange(needText(call.args, 'trigger_id'), call.team.id);
}

export const viewMethods: Record<string, Method> = {
  'views.open': {
    scopes: [],
    run: (slack, call) => {
      const view = needView(call, 'modal');
      const { user } = needTrigger(slack, call);
      return { view: showView(call.team, slack.modals.open(call.team.id, user, view)) };
    },
  },
  'views.push': {
    scopes: [],
    run: (slack, call) => {
      const view = needView(call, 'modal');
      const trigger = needTrigger(slack, call);
      if (trigger.viewId === null) throw new SlackRefusal('invalid_trigger_id');
      return { view: showView(call.team, slack.modals.push(call.team.id, trigger.user, view)) };
    },
  },
  'views.update': {
    scopes: [],
    run: (slack, call) => {
      const view = needView(call, 'modal');
      const id = readText(call.args, 'view_id');
      const external = readText(call.args, 'external_id');
      if (id === undefined && external === undefined)
        throw refuseWith('invalid_arguments', ['missing required field: view_id']);
      const open =
        id === undefined ? slack.modals.findExternal(call.team.id, external ?? '') : slack.modals.find(id);
      if (open === undefined || open.team !== call.team.id) throw new SlackRefusal('not_found');
      return {
        view: showView(call.team, slack.modals.update(open.id, view, readText(call.args, 'hash'))),
      };
    },
  },
  'views.publish': {
    scopes: [],
    run: (slack, call) => {
      const view = needView(call, 'home');
      const user = needText(call.args, 'user_id');
      const { team } = call;
      if (!team.people.has(user)) throw new SlackRefusal('user_not_found');
      const before = slack.state.home(team.id, user);
      const hash = readText(call.args, 'hash');
      if (hash !== undefined && before !== undefined && hash !== before.hash)
        throw new SlackRefusal('hash_conflict');
      const id = makeId('V', `home:${team.id}:${user}`);
      const filled = withIds(view);
      const home = { id, team: team.id, user, hash: slack.state.nextTs(), view: filled };
      slack.state.commit({ kind: 'home', home });
      return { view: showView(team, { ...home, view: filled, rootId: id, previousId: null }) };
    },
  },
};
