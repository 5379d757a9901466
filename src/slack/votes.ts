import type { App } from '@slack/bolt';
import { z } from 'zod';
import { findCompany } from '../pipeline/store/companies.ts';
import { findCurrentScore } from '../pipeline/store/scores.ts';
import { findPerson } from '../pipeline/store/slack-people.ts';
import { claimRequest } from '../pipeline/store/slack-requests.ts';
import { saveVote } from '../pipeline/store/votes.ts';
import { teamOf } from './asker-of.ts';
import { Clicked, companyOf } from './clicked.ts';
import type { SlackDeps } from './deps.ts';
import { ACTIONS, VOTE, VOTE_REASONS, patternOf } from './views/actions.ts';
import { showVoteModal } from './views/vote-modal.ts';

const Submitted = z.object({
  user: z.object({ id: z.string() }),
  view: z.object({
    id: z.string(),
    private_metadata: z.string(),
    state: z.object({
      values: z.record(
        z.string(),
        z.record(
          z.string(),
          z.object({
            value: z.string().nullish(),
            selected_option: z.object({ value: z.string() }).nullish(),
          }),
        ),
      ),
    }),
  }),
});
const Metadata = z.object({ companyId: z.uuid() });
const Reason = z.enum(Object.keys(VOTE_REASONS));

/** "Wrong?": a form that asks what, and the vote that it sends, which is kept for whoever runs Fieldnote. */
export function listenToVotes(app: App, deps: SlackDeps): void {
  app.action(patternOf(ACTIONS.wrong), async ({ ack, body }) => {
    const clicked = Clicked.parse(body);
    const { workspaceId, token } = await teamOf(deps, clicked.team.id);
    const companyId = companyOf(clicked);
    const found = await deps.db.inWorkspace(workspaceId, async (tx) => {
      const company = await findCompany(tx, companyId);
      return company === null ? null : { company, score: await findCurrentScore(tx, companyId) };
    });
    if (found !== null) {
      const { company, score } = found;
      const { channel, container } = clicked;
      const view = showVoteModal({
        companyId,
        name: company.name,
        score: score?.score ?? null,
        band: score?.band ?? null,
        origin:
          channel === undefined || container.message_ts === undefined
            ? null
            : { channel: channel.id, ts: container.message_ts },
      });
      // At once, since the permission to open it lasts three seconds.
      await deps.clients
        .of(token)
        .call('views.open', (api) => api.views.open({ trigger_id: clicked.trigger_id, view }));
    }
    await ack();
  });

  app.view(VOTE.callbackId, async ({ ack, body, context }) => {
    const { user, view } = Submitted.parse(body);
    const { workspaceId, teamId } = await teamOf(deps, context.teamId ?? '');
    const { companyId } = Metadata.parse(JSON.parse(view.private_metadata));
    const { values } = view.state;
    const reason = Reason.parse(values[VOTE.reasonBlock]?.[VOTE.reasonAction]?.selected_option?.value);
    const note = values[VOTE.noteBlock]?.[VOTE.noteAction]?.value?.slice(0, VOTE.noteLength) ?? null;
    await deps.db.inWorkspace(workspaceId, async (tx) => {
      if (!(await claimRequest(tx, workspaceId, `view ${view.id}`))) return;
      const person = await findPerson(tx, { workspaceId, teamId, userId: user.id });
      const voter = person?.email ?? `Slack user ${user.id}`;
      await saveVote(tx, workspaceId, { companyId, reason, note, voter });
    });
    await ack();
  });
}
