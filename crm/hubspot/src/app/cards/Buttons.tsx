import { Button, Flex, Link, LoadingButton, Select, Text } from '@hubspot/ui-extensions';
import { useState } from 'react';
import type { Fieldnote } from './ask-fieldnote.ts';
import type { Card, PitchLink } from './card-answer.ts';
import { isWorkable } from './describe.ts';
import type { CardView } from './use-card.ts';

const AS_USUAL = '';

/**
 * "Score now", and "Pitch PDF" with its template. A card cannot open a page by itself: once the link is there the button becomes one
 * that leads to it, with the same as a plain link below, until it is used.
 */
export function Buttons({ card, view, fieldnote }: { card: Card; view: CardView; fieldnote: Fieldnote }) {
  const [template, setTemplate] = useState(AS_USUAL);
  const [link, setLink] = useState<PitchLink | null>(null);
  const can = isWorkable(card);
  const press = (): void =>
    view.askForPitch(async () => {
      const asked = { template: template === AS_USUAL ? null : template, press: crypto.randomUUID() };
      setLink(await fieldnote.linkToPitch(asked));
    });
  // A second visit would only find out that it opens once.
  const forget = (): void => setLink(null);
  return (
    <Flex direction="column" gap="small">
      <Flex direction="row" gap="small" align="end" wrap>
        <LoadingButton
          testId="score-now"
          variant="secondary"
          loading={view.pressed === 'score'}
          disabled={!can || card.work !== null || card.usage.isSpent || view.pressed === 'score'}
          onClick={view.scoreNow}
        >
          Score now
        </LoadingButton>
        {link === null ? (
          <LoadingButton
            testId="pitch"
            variant="primary"
            loading={view.pressed === 'pitch'}
            disabled={!can || view.pressed === 'pitch'}
            onClick={press}
          >
            Pitch PDF
          </LoadingButton>
        ) : (
          <Button
            testId="open-pitch"
            variant="primary"
            href={{ url: link.url, external: true }}
            onClick={forget}
          >
            Open the pitch
          </Button>
        )}
        <Select
          testId="template"
          label="Template"
          name="template"
          value={template}
          options={[
            { label: 'As usual', value: AS_USUAL },
            ...card.templates.map(({ name, title }) => ({ label: title, value: name })),
          ]}
          onChange={(value) => {
            setTemplate(String(value));
            forget();
          }}
        />
      </Flex>
      {link !== null && (
        <Text variant="microcopy">
          <Link testId="pitch-link" href={{ url: link.url, external: true }} onClick={forget}>
            Open the pitch
          </Link>
          {': it opens once, within five minutes.'}
        </Text>
      )}
    </Flex>
  );
}
