import { useCallback, useEffect, useRef, useState } from 'react';
import { Problem } from './ask-fieldnote.ts';
import type { Fieldnote } from './ask-fieldnote.ts';
import type { Card } from './card-answer.ts';

const LOOK_AFTER_MS = 2_000;
const LONGEST_PAUSE_MS = 15_000;
// After ten minutes the tab stops asking; the work itself goes on.
const MOST_LOOKS = 50;

export type CardView = {
  card: Card | null;
  problem: Problem | null;
  /** The button that was pressed and has no answer yet; null: none. */
  pressed: 'score' | 'pitch' | null;
  /** The work goes on, and this tab does not ask any more. */
  hasGivenUp: boolean;
  look(): void;
  scoreNow(): void;
  /** Asks what "Pitch PDF" asks, under the same rules. */
  askForPitch(question: () => Promise<void>): void;
};

/** The card of a record, looked at again while a score is under way. @param onDone when one that was seen under way is over */
export function useCard(fieldnote: Fieldnote, onDone: () => void): CardView {
  const [card, setCard] = useState<Card | null>(null);
  const [trouble, setTrouble] = useState<{ at: 'look' | 'press'; problem: Problem } | null>(null);
  const [pressed, setPressed] = useState<CardView['pressed']>(null);
  const [looks, setLooks] = useState(0);
  const isGone = useRef(false);
  const wasAtWork = useRef(false);

  const attempt = useCallback(async (at: 'look' | 'press', question: () => Promise<void>) => {
    try {
      await question();
      // A look by itself takes nothing away that a press was told.
      if (!isGone.current) setTrouble((last) => (at === 'look' && last?.at === 'press' ? last : null));
    } catch (error) {
      if (!isGone.current) setTrouble({ at, problem: toProblem(error) });
    }
  }, []);

  const show = useCallback(
    (next: Card) => {
      if (isGone.current) return;
      setCard(next);
      if (next.work === null && wasAtWork.current) onDone();
      wasAtWork.current = next.work !== null;
    },
    [onDone],
  );
  const look = useCallback(
    () => attempt('look', async () => show(await fieldnote.readCard())),
    [attempt, show, fieldnote],
  );
  const press = async (what: 'score' | 'pitch', question: () => Promise<void>): Promise<void> => {
    setPressed(what);
    await attempt('press', question);
    if (!isGone.current) setPressed(null);
  };

  useEffect(() => {
    isGone.current = false;
    void look();
    return () => {
      isGone.current = true;
    };
  }, [look]);

  // Counted up after each look, so that one that failed is followed by the next as well.
  const isAtWork = card !== null && card.work !== null;
  useEffect(() => {
    if (!isAtWork || looks >= MOST_LOOKS) return undefined;
    const pause = Math.min(LONGEST_PAUSE_MS, LOOK_AFTER_MS * 1.2 ** looks);
    const timer = setTimeout(
      () =>
        void look().then(() => {
          if (!isGone.current) setLooks((count) => count + 1);
        }),
      pause,
    );
    return () => clearTimeout(timer);
  }, [isAtWork, looks, look]);

  return {
    card,
    problem: trouble?.problem ?? null,
    pressed,
    hasGivenUp: isAtWork && looks >= MOST_LOOKS,
    look: () => {
      setTrouble(null);
      setLooks(0);
      void look();
    },
    scoreNow: () => {
      setLooks(0);
      void press('score', async () => show(await fieldnote.scoreNow()));
    },
    askForPitch: (question) => void press('pitch', question),
  };
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(
    `The card failed: ${error instanceof Error ? error.message : String(error)}`,
    'Load the record again. If it stays so, show this to an administrator.',
  );
}
