import { VOTE, VOTE_REASONS } from './actions.ts';
import { plain, section } from './blocks.ts';
import { describeCompany } from './standing.ts';
import type { Modal, VoteData } from './types.ts';

/**
 * The modal behind "Wrong?": what is wrong, and a note. `private_metadata` is JSON of `{ companyId, origin }`, which comes back with
 * the submission (Slack allows 3000 characters).
 */
export function showVoteModal(vote: VoteData): Modal {
  const { companyId, origin } = vote;
  return {
    type: 'modal',
    callback_id: VOTE.callbackId,
    private_metadata: JSON.stringify({ companyId, origin }),
    // Titles and buttons of modals: 24 characters.
    title: plain('What is wrong?', 24),
    submit: plain('Send', 24),
    close: plain('Cancel', 24),
    blocks: [
      section(
        `${describeCompany({ ...vote, domain: '' })}. The people who run Fieldnote read what you say here.`,
      ),
      {
        type: 'input',
        block_id: VOTE.reasonBlock,
        label: plain('What is wrong'),
        element: {
          type: 'radio_buttons',
          action_id: VOTE.reasonAction,
          options: Object.entries(VOTE_REASONS).map(([value, words]) => ({ text: plain(words, 75), value })),
        },
      },
      {
        type: 'input',
        block_id: VOTE.noteBlock,
        optional: true,
        label: plain('What should it say, and how do you know?'),
        element: {
          type: 'plain_text_input',
          action_id: VOTE.noteAction,
          multiline: true,
          max_length: VOTE.noteLength,
        },
      },
    ],
  };
}
