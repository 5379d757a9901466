import { randomUUID } from 'node:crypto';
import type { Response } from 'express';
import type { ValueProblem } from './values.ts';

type ErrorDetail = { message: string; code?: string; context?: Record<string, string[]> };

export type ErrorAnswer = {
  status: number;
  category: string;
  message: string;
  errors?: ErrorDetail[];
  context?: Record<string, string[]>;
  /** Further members of the body, e.g. policyName of a 429. */
  more?: Record<string, unknown>;
};

/** Thrown by a route; answered in HubSpot's error format by `answerErrors`. */
export class HubspotRefusal extends Error {
  readonly answer: ErrorAnswer;
  constructor(answer: ErrorAnswer) {
    super(answer.message);
    this.answer = answer;
  }
}

/** A 400 with category VALIDATION_ERROR unless told otherwise. */
export function refuse(message: string, rest: Partial<ErrorAnswer> = {}): HubspotRefusal {
  return new HubspotRefusal({ status: 400, category: 'VALIDATION_ERROR', message, ...rest });
}

/** The 400 for values that a property does not take: the list of problems is JSON inside the message. */
export function refuseValues(problems: readonly ValueProblem[], portalId: number): HubspotRefusal {
  const listed = problems.map((problem) => ({ ...problem, portalId }));
  return refuse(`Property values were not valid: ${JSON.stringify(listed)}`, {
    errors: problems.map(({ message, error, name }) => ({
      message,
      code: error,
      context: { propertyName: [name] },
    })),
  });
}

export function notFound(): HubspotRefusal {
  return new HubspotRefusal({ status: 404, category: 'OBJECT_NOT_FOUND', message: 'resource not found' });
}

export function sendError(response: Response, answer: ErrorAnswer): void {
  const { status, category, message, errors, context, more } = answer;
  response.status(status).json({
    status: 'error',
    message,
    correlationId: randomUUID(),
    ...(errors === undefined ? {} : { errors }),
    ...(context === undefined ? {} : { context }),
    ...more,
    category,
  });
}

/** A route's own code: what it returns is the JSON answer; a refusal is answered in HubSpot's format. */
export function answerWith(response: Response, act: () => { status?: number; body: unknown } | null): void {
  try {
    const answer = act();
    if (answer === null) response.status(204).end();
    else response.status(answer.status ?? 200).json(answer.body);
  } catch (error) {
    if (error instanceof HubspotRefusal) return sendError(response, error.answer);
    throw error;
  }
}
