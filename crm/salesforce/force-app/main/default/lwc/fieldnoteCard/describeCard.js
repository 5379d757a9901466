const STEPS = {
  research: 'Reading the web',
  extract: 'Finding what matters in it',
  score: 'Scoring',
  personas: 'Naming the people to talk to',
  pitch: 'Writing the pitch',
  'write-back': 'Preparing the fields',
};

const SAYS = {
  'not-enough-evidence': 'Not enough evidence for a score',
  'not-scored': 'Not scored yet',
  unknown: 'Fieldnote does not know this record yet',
  'left-out': 'This company is left out',
  'no-company': 'This record leads to no company',
  gone: 'This record is no longer the one that Fieldnote follows',
};

/** States in which a company is known and may be worked on. */
const HAS_COMPANY = new Set(['scored', 'not-enough-evidence', 'not-scored']);

/** The card's data as what its template shows. `locale` as BCP 47. */
export function describeCard(card, locale) {
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  const { score, company, usage, work } = card;
  const isKnown = HAS_COMPANY.has(card.state);
  return {
    company: company === null ? null : { name: company.name, page: safeLink(company.page) },
    says:
      card.state === 'scored'
        ? null
        : { title: SAYS[card.state] ?? card.state, why: card.why ?? '', fix: card.fix ?? '' },
    score: score === null || score.value === null ? null : describeScore(score),
    scored:
      score === null ? null : { at: `Scored ${day.format(new Date(score.scoredAt))}`, stale: staleOf(score) },
    reasons: card.reasons.map((reason, index) => ({
      key: index,
      label: reason.label,
      points: signed(reason.points),
      quote: reason.quote,
      link: safeLink(reason.url),
      source: reason.source ?? reason.url,
      // With what parts it from the link before it: the compiler keeps no space between the two.
      published:
        reason.published === null
          ? ''
          : `${safeLink(reason.url) === null ? '' : ', '}${day.format(new Date(reason.published))}`,
    })),
    personas: card.personas.map(({ title, people }, index) => ({
      key: index,
      title,
      people:
        people.map((one) => (one.title === null ? one.name : `${one.name}, ${one.title}`)).join('; ') ||
        'nobody here has such a title',
    })),
    conflicts: card.conflicts.map(({ label, theirs, by, ours }, index) => ({
      key: index,
      label,
      theirs: `${theirs ?? '(empty)'}${by ? ` (${by})` : ''}`,
      ours: ours ?? '(empty)',
    })),
    usage: describeUsage(usage, locale),
    work: work === null ? null : describeWork(work),
    templates: card.templates.map(({ name, title }) => ({ name, title })),
    canScore: isKnown && work === null && !usage.isSpent,
    canPitch: isKnown,
  };
}

function describeScore({ value, band, confidence, trend }) {
  return {
    value: value.toFixed(0),
    band: band === null ? '' : `Band ${band}`,
    confidence: `${Math.round(confidence * 100)} % sure`,
    trend: trend === null || Math.abs(trend) < 0.05 ? '' : `${signed(trend)} since the score before`,
  };
}

const staleOf = ({ stale, staleBecause }) => (stale ? (staleBecause ?? 'Older than its evidence') : '');

function describeWork({ stage, doneStages, allStages, secondsLeft }) {
  const left = secondsLeft === null ? '' : `, about ${Math.max(1, Math.round(secondsLeft))} s left`;
  return {
    says: `${stage === null ? 'Waiting for a free place' : (STEPS[stage] ?? stage)}${left}`,
    done: doneStages,
    all: allStages,
    width: `width: ${allStages === 0 ? 0 : Math.round((doneStages / allStages) * 100)}%`,
  };
}

function describeUsage({ spentUsd, limitUsd, isSpent }, locale) {
  const money = new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD' });
  if (limitUsd === null) return `${money.format(spentUsd)} spent this month, no limit set`;
  if (isSpent)
    return `This month's budget of ${money.format(limitUsd)} is spent: what is stored can still be read`;
  return `${money.format(Math.max(0, limitUsd - spentUsd))} of ${money.format(limitUsd)} left this month`;
}

const signed = (points) => `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)}`;

/** Only addresses of the web become links, whatever a source calls itself. */
function safeLink(url) {
  return typeof url === 'string' && /^https?:\/\//i.test(url) ? url : null;
}
