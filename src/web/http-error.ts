/** An answer other than 2xx that says why and what to do. */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;
  readonly fix: string | undefined;

  constructor(status: number, message: string, fix?: string) {
    super(message);
    this.status = status;
    this.fix = fix;
  }
}
