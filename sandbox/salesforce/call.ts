/** Somebody who is logged in or who edited something. */
export type TwinUser = {
  id: string;
  name: string;
  username: string;
  /** How histories name them: `integration`, `administrator`, `rep:NAME`. */
  author: string;
  role: 'integration' | 'administrator' | 'person';
};

/** One request, of its own or inside a composite. */
export type Call = {
  user: TwinUser;
  method: string;
  /** Below /services/data/vNN.0, with a leading slash. */
  path: string;
  version: string;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>;
  /** The body as it came. */
  body: Buffer;
  /** Where the twin is reached, for absolute links. */
  url: string;
};

export type Answer = {
  status: number;
  /** Answered as JSON; undefined: no body. */
  json?: unknown;
  /** Answered as it is, instead of `json`. */
  text?: { type: string; content: string | Buffer };
  headers?: Record<string, string>;
  /** For the call log. */
  operation: string;
  units?: number;
};

/** The vendor says no. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly status: number;
  readonly code: string;
  readonly fields: readonly string[] | undefined;

  constructor(status: number, code: string, message: string, fields?: readonly string[]) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

/** A refusal as REST answers it: always a list. */
export function refusalBody(refusal: Refusal): unknown {
  const entry = { message: refusal.message, errorCode: refusal.code };
  return [refusal.fields === undefined ? entry : { ...entry, fields: refusal.fields }];
}

/** The JSON body of a call. */
export function readJson(call: Call): unknown {
  try {
    return JSON.parse(call.body.toString('utf8'));
  } catch {
    throw new Refusal(
      400,
      'JSON_PARSER_ERROR',
      'The HTTP entity body is required and must be well-formed JSON',
    );
  }
}
