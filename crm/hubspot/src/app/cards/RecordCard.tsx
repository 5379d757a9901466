import { Alert, Button, Flex, LoadingSpinner, ProgressBar, Text } from '@hubspot/ui-extensions';
import type { CrmContext } from '@hubspot/ui-extensions';
import { useCallback, useMemo } from 'react';
import { createFieldnote } from './ask-fieldnote.ts';
import type { Fieldnote, SignedFetch } from './ask-fieldnote.ts';
import { Buttons } from './Buttons.tsx';
import { Conflicts, Personas, Reasons } from './Findings.tsx';
import { describeTrouble, describeUsage, describeWork } from './describe.ts';
import { Score } from './Score.tsx';
import { useCard } from './use-card.ts';

/** The card on a company or contact. */
export function RecordCard({
  context,
  actions,
  fetch,
}: {
  context: CrmContext;
  actions: { refreshObjectProperties(): void };
  fetch: SignedFetch;
}) {
  const { objectTypeId, objectId } = context.crm;
  const baseUrl = context.variables?.['FIELDNOTE_URL'];
  const fieldnote = useMemo(
    () => (typeof baseUrl === 'string' ? createFieldnote(fetch, baseUrl, { objectTypeId, objectId }) : null),
    [fetch, baseUrl, objectTypeId, objectId],
  );
  if (fieldnote === null)
    return (
      <Alert title="This card does not know where Fieldnote is" variant="danger">
        Have an administrator upload it with a profile that sets FIELDNOTE_URL: hs project upload --profile
        production.
      </Alert>
    );
  return <Findings key={`${objectTypeId} ${objectId}`} fieldnote={fieldnote} actions={actions} />;
}

function Findings({
  fieldnote,
  actions,
}: {
  fieldnote: Fieldnote;
  actions: { refreshObjectProperties(): void };
}) {
  // The fields that a finished score has written stand on the same page.
  const refresh = useCallback(() => actions.refreshObjectProperties(), [actions]);
  const view = useCard(fieldnote, refresh);
  const { card, problem } = view;
  const trouble = card === null ? null : describeTrouble(card);
  return (
    <Flex direction="column" gap="medium">
      {problem !== null && (
        <Alert title={problem.message} variant="danger">
          {problem.fix}
        </Alert>
      )}
      {problem !== null && (
        <Button testId="again" variant="secondary" size="small" onClick={view.look}>
          Try again
        </Button>
      )}
      {card === null && problem === null && <LoadingSpinner label="Loading …" showLabel />}
      {card !== null && (
        <>
          <Score card={card} />
          {trouble !== null && (
            <Alert title={trouble.title} variant={card.state === 'scored' ? 'warning' : 'info'}>
              {trouble.why}
            </Alert>
          )}
          {card.work !== null && (
            <ProgressBar
              title="Score under way"
              value={card.work.doneStages}
              maxValue={card.work.allStages}
              valueDescription={describeWork(card.work)}
            />
          )}
          {view.hasGivenUp && (
            <Button testId="look-again" variant="secondary" size="small" onClick={view.look}>
              It goes on: look again
            </Button>
          )}
          <Buttons card={card} view={view} fieldnote={fieldnote} />
          <Reasons reasons={card.reasons} />
          <Personas personas={card.personas} />
          <Conflicts conflicts={card.conflicts} />
          <Text variant="microcopy">{describeUsage(card.usage)}</Text>
        </>
      )}
    </Flex>
  );
}
