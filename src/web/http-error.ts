/** An answer other than 2xx that says why and what to do. */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;
  readonly fix: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, fix?: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.fix = fix;
    this.headers = headers;
  }
}
