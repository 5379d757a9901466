import {
  DescriptionList,
  DescriptionListItem,
  Flex,
  Heading,
  Link,
  List,
  Text,
} from '@hubspot/ui-extensions';
import type { Card } from './card-answer.ts';
import { describeDay, describePoints, linkOf } from './describe.ts';

/** The strongest reasons, each with its quote and the page on which it stands. */
export function Reasons({ reasons }: Pick<Card, 'reasons'>) {
  if (reasons.length === 0) return null;
  return (
    <Flex direction="column" gap="small">
      <Heading>Why</Heading>
      <List variant="unordered">
        {reasons.map((reason, index) => (
          <Reason key={index} reason={reason} />
        ))}
      </List>
    </Flex>
  );
}

function Reason({
  reason: { label, points, quote, url, source, published },
}: {
  reason: Card['reasons'][number];
}) {
  const link = linkOf(url);
  const from = source ?? url;
  return (
    <Flex direction="column" gap="flush">
      <Text format={{ fontWeight: 'demibold' }}>{`${describePoints(points)} ${label}`}</Text>
      {quote !== null && <Text format={{ italic: true }}>{`“${quote}”`}</Text>}
      {from !== null && (
        <Text variant="microcopy">
          {link === null ? from : <Link href={{ url: link, external: true }}>{from}</Link>}
          {published === null ? '' : `, ${describeDay(published)}`}
        </Text>
      )}
    </Flex>
  );
}

/** Buyer roles with the people of the CRM whose titles fit. */
export function Personas({ personas }: Pick<Card, 'personas'>) {
  if (personas.length === 0) return null;
  return (
    <Flex direction="column" gap="small">
      <Heading>Whom to talk to</Heading>
      <DescriptionList direction="column">
        {personas.map(({ title, people }, index) => (
          <DescriptionListItem key={index} label={title}>
            <Text>
              {people.length === 0
                ? 'Nobody in the CRM yet'
                : people
                    .map((one) => (one.title === null ? one.name : `${one.name}, ${one.title}`))
                    .join('; ')}
            </Text>
          </DescriptionListItem>
        ))}
      </DescriptionList>
    </Flex>
  );
}

/** Our fields in which a person's value stands, beside what we would have written. */
export function Conflicts({ conflicts }: Pick<Card, 'conflicts'>) {
  if (conflicts.length === 0) return null;
  return (
    <Flex direction="column" gap="small">
      <Heading>Changed by people, left as it is</Heading>
      <DescriptionList direction="column">
        {conflicts.map(({ label, theirs, by, ours }, index) => (
          <DescriptionListItem key={index} label={label}>
            <Text>{`Here: ${theirs ?? '(empty)'}${by ? ` (${by})` : ''}`}</Text>
            <Text variant="microcopy">{`Fieldnote would write: ${ours ?? '(empty)'}`}</Text>
          </DescriptionListItem>
        ))}
      </DescriptionList>
    </Flex>
  );
}
