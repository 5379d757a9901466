import { STAGE_NAMES } from '../../pipeline/stage.ts';
import type { Standing } from './opened.ts';

// What a person waits for, in their words.
const DOING: Record<(typeof STAGE_NAMES)[number], string> = {
  research: 'Reading the web',
  extract: 'Finding what matters in it',
  score: 'Scoring',
  personas: 'Naming the people to talk to',
  pitch: 'Writing the pitch',
  'write-back': 'Preparing the CRM fields',
};
const WAITING = 'Waiting for a free place';

export type WaitingView = {
  title: string;
  name: string;
  /** Nothing changes any more: the document is there, or there will be none. */
  over: boolean;
  /** The page looks again by itself. */
  waits: boolean;
  doing: string;
  /** Of `steps`, the one at work; 0: none yet. */
  step: number;
  steps: number;
  failed: { why: string; fix: string } | null;
};

/** What the page of an opened link says while the document is not there. */
export function describeWaiting(standing: Standing): WaitingView {
  if (standing.state === 'failed') {
    const { name, why, fix } = standing;
    const view = {
      title: `No pitch of ${name}`,
      name,
      over: true,
      waits: false,
      doing: '',
      step: 0,
      steps: 1,
    };
    return { ...view, failed: { why, fix } };
  }
  const companies =
    standing.state === 'ready' ? standing.documents.map(({ company }) => company) : standing.companies;
  const [first] = companies;
  const count = companies.length;
  const name = count === 1 && first !== undefined ? first.name : `${count} companies`;
  const view = { title: `Pitch of ${name}`, name, waits: true, failed: null };
  if (standing.state === 'ready') return { ...view, over: true, doing: 'Ready', step: 1, steps: 1 };
  if (count > 1)
    return {
      ...view,
      over: false,
      doing: `${standing.ready} of ${count} companies are ready`,
      step: standing.ready,
      steps: count,
    };
  const finished = STAGE_NAMES.findIndex((stage) => stage === standing.stage);
  const stage = STAGE_NAMES[Math.min(finished + 1, STAGE_NAMES.length - 1)];
  const doing = stage === undefined || !standing.begun ? WAITING : DOING[stage];
  return { ...view, over: false, doing, step: standing.begun ? finished + 1 : 0, steps: STAGE_NAMES.length };
}
