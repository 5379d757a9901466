import { Flex, Heading, Link, ScoreCircle, StatusTag, Text } from '@hubspot/ui-extensions';
import type { Card } from './card-answer.ts';
import { describeConfidence, describeDay, linkOf } from './describe.ts';

const BANDS: Record<string, 'success' | 'info' | 'warning' | 'default'> = {
  A: 'success',
  B: 'info',
  C: 'warning',
};

/** The company with its score, how sure it is and how old. */
export function Score({ card: { company, score } }: { card: Card }) {
  if (company === null) return null;
  const page = linkOf(company.page);
  const value = score?.value ?? null;
  return (
    <Flex direction="row" gap="medium" align="center">
      {value !== null && <ScoreCircle score={Math.round(value)} />}
      <Flex direction="column" gap="extra-small">
        <Heading>{page === null ? company.name : <Link href={page}>{company.name}</Link>}</Heading>
        {score !== null && value !== null && (
          <Flex direction="row" gap="small" align="center" wrap>
            {score.band !== null && (
              <StatusTag
                testId="band"
                variant={BANDS[score.band] ?? 'default'}
              >{`Band ${score.band}`}</StatusTag>
            )}
            <Text testId="confidence">{describeConfidence(score)}</Text>
          </Flex>
        )}
        {score !== null && (
          <Flex direction="row" gap="small" align="center" wrap>
            <Text variant="microcopy">{`Scored ${describeDay(score.scoredAt)}`}</Text>
            {score.stale && (
              <StatusTag testId="stale" variant="warning">
                Stale
              </StatusTag>
            )}
            {score.stale && (
              <Text variant="microcopy">{score.staleBecause ?? 'Older than its evidence'}</Text>
            )}
          </Flex>
        )}
      </Flex>
    </Flex>
  );
}
