import { domainOf } from '../../pipeline/1-sync/domain.ts';
import { ApiError } from './problem.ts';

/**
 * What a caller typed → domains of companies, in that order.
 * @param place where the list stands in the body, as a JSON pointer; null: it is the "domain" of the path
 * @throws ApiError 400 that names the first one that is no company's
 */
export function readDomains(inputs: readonly string[], place: string | null): string[] {
  return inputs.map((input, index) => {
    const read = domainOf(input);
    if (!('skip' in read)) return read.domain;
    throw new ApiError(400, `${input}: ${read.detail}`, 'Give the domain of a company.', {
      kind: 'invalid-request',
      fields: [
        place === null
          ? { in: 'path', pointer: 'domain', message: read.detail }
          : { in: 'body', pointer: `${place}/${index}`, message: read.detail },
      ],
    });
  });
}
