/** A request that Slack refuses: the name it gives the error, and what it says beside. */
export class SlackRefusal extends Error {
  readonly error: string;
  readonly more: Readonly<Record<string, unknown>>;
  constructor(error: string, more: Readonly<Record<string, unknown>> = {}) {
    super(error);
    this.name = 'SlackRefusal';
    this.error = error;
    this.more = more;
  }
}

/** A refusal with the messages that Slack explains it by. */
export function refuseWith(error: string, messages: readonly string[]): SlackRefusal {
  if (messages.length === 0) return new SlackRefusal(error);
  const errors = messages.map((message) => `[ERROR] ${message}`);
  return new SlackRefusal(error, { errors: messages, response_metadata: { messages: errors } });
}
