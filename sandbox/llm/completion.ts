import { setTimeout as wait } from 'node:timers/promises';
import type { Response } from 'express';
import { cutTokens, countTokens } from './tokens.ts';
import type { Answer } from './answer.ts';
import type { ChatRequest } from './request.ts';

type Usage = {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
};

export type Finished = { answer: Answer; content: string | null; finish: string; usage: Usage };

/** Cuts an answer at max_tokens and counts what it used. */
export function finishAnswer(
  request: ChatRequest,
  answer: Answer,
  prompt: { tokens: number; cached: number },
): Finished {
  const most = request.max_tokens ?? request.max_completion_tokens ?? Number.POSITIVE_INFINITY;
  const written = countTokens(answer.content ?? answer.refusal ?? '');
  const completion = Math.min(written, most);
  const cut = answer.content !== null && written > most;
  return {
    answer,
    content: cut ? cutTokens(answer.content ?? '', most) : answer.content,
    finish: cut ? 'length' : answer.finish,
    usage: {
      prompt_tokens: prompt.tokens,
      completion_tokens: completion,
      total_tokens: prompt.tokens + completion,
      prompt_tokens_details: { cached_tokens: prompt.cached },
    },
  };
}

type Frame = { id: string; created: number; model: string };

/** Sends a finished answer whole. */
export function sendWhole(response: Response, frame: Frame, finished: Finished): void {
  response.json({
    ...frame,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: finished.content, refusal: finished.answer.refusal },
        logprobs: null,
        finish_reason: finished.finish,
      },
    ],
    usage: finished.usage,
  });
}

// Characters in one event; real servers send a token at a time.
const CHUNK = 40;

/** Sends a finished answer as server-sent events, evenly over `takesMs` milliseconds; ends early when the client hangs up. */
export async function sendStream(
  response: Response,
  frame: Frame,
  finished: Finished,
  { withUsage, takesMs }: { withUsage: boolean; takesMs: number },
): Promise<void> {
  response.status(200).type('text/event-stream');
  const send = (rest: object): void => {
    response.write(`data: ${JSON.stringify({ ...frame, object: 'chat.completion.chunk', ...rest })}\n\n`);
  };
  const choose = (delta: object, finish: string | null): void =>
    send({
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(withUsage ? { usage: null } : {}),
    });
  choose({ role: 'assistant', content: '' }, null);
  if (finished.answer.refusal !== null) choose({ refusal: finished.answer.refusal }, null);
  // By code point, so that no character is torn in two.
  const characters = Array.from(finished.content ?? '');
  const began = performance.now();
  for (let at = 0; at < characters.length; at += CHUNK) {
    const due = began + (takesMs * (at + CHUNK)) / (characters.length + CHUNK);
    if (takesMs > 0) await wait(Math.max(0, due - performance.now()));
    if (response.destroyed) return;
    choose({ content: characters.slice(at, at + CHUNK).join('') }, null);
  }
  if (takesMs > 0) await wait(Math.max(0, began + takesMs - performance.now()));
  choose({}, finished.finish);
  if (withUsage) send({ choices: [], usage: finished.usage });
  response.end('data: [DONE]\n\n');
}
