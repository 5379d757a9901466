// A Salesforce org whose pages of rows are made before anybody asks, so that a sync is measured and not the twin. Logins and
// descriptions come from the real twin.
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { writeWorld } from '../harness/world.ts';

// What Salesforce sends at once.
const ROWS_PER_PAGE = 2_000;
const LEADS_PER_ACCOUNT = 3;
const STAMP = '2026-03-02T08:30:00.000+0000';

const total = Number(process.argv[2]);
const worldFolder = await mkdtemp(join(tmpdir(), 'fieldnote-bench-'));
await writeWorld(worldFolder, { companies: 1 });
const { twins, environment } = await startSandbox({ worldFolder, stateFolder: null });

const id = (prefix: string, index: number): string => `${prefix}${String(index).padStart(15, '0')}`;

function accountOf(index: number): object {
  return {
    attributes: { type: 'Account', url: `/services/data/v64.0/sobjects/Account/${id('001', index)}` },
    Id: id('001', index),
    SystemModstamp: STAMP,
    IsDeleted: false,
    Name: `Prebuilt Company ${index} GmbH & Co. KG`,
    Website: `https://www.prebuilt-company-${index}.example/en/home`,
    Industry: 'Manufacturing',
    NumberOfEmployees: 10 + (index % 5_000),
    BillingCountry: 'Germany',
    OwnerId: id('005', index % 40),
    MasterRecordId: null,
  };
}

function leadOf(index: number): object {
  const company = Math.floor(index / LEADS_PER_ACCOUNT);
  return {
    attributes: { type: 'Lead', url: `/services/data/v64.0/sobjects/Lead/${id('00Q', index)}` },
    Id: id('00Q', index),
    SystemModstamp: STAMP,
    IsDeleted: false,
    Name: `Robin Beispiel-${index}`,
    Company: `Prebuilt Company ${company}`,
    Website: null,
    Email: `robin.beispiel.${index}@prebuilt-company-${company}.example`,
    Title: 'Head of Platform Engineering',
    Industry: null,
    NumberOfEmployees: null,
    Country: 'Germany',
    OwnerId: id('005', index % 40),
    MasterRecordId: null,
    IsConverted: false,
    ConvertedAccountId: null,
  };
}

const pages = new Map<string, Buffer>();
function build(name: string, many: number, rowOf: (index: number) => object): void {
  for (let start = 0; start === 0 || start < many; start += ROWS_PER_PAGE) {
    const end = Math.min(many, start + ROWS_PER_PAGE);
    const done = end >= many;
    const next = `/services/data/v64.0/query/${name}-${end}`;
    pages.set(
      `${name}-${start}`,
      Buffer.from(
        JSON.stringify({
          totalSize: many,
          done,
          ...(done ? {} : { nextRecordsUrl: next }),
          records: Array.from({ length: end - start }, (_, index) => rowOf(start + index)),
        }),
      ),
    );
  }
}
const accounts = Math.ceil(total / (1 + LEADS_PER_ACCOUNT));
build('Account', accounts, accountOf);
build('Lead', total - accounts, leadOf);
build('Contact', 0, () => ({}));

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://twin');
  const asked = /\sFROM (\w+)/.exec(url.searchParams.get('q') ?? '')?.[1];
  const page = pages.get(asked === undefined ? (url.pathname.split('/').at(-1) ?? '') : `${asked}-0`);
  if (page !== undefined) {
    response.writeHead(200, {
      'content-type': 'application/json;charset=UTF-8',
      'content-length': page.length,
    });
    response.end(page);
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => void forward(request.method ?? 'GET', request.url ?? '/', chunks));

  async function forward(method: string, path: string, body: Buffer[]): Promise<void> {
    const answer = await fetch(`${twins.salesforce.url}${path}`, {
      method,
      headers: {
        'content-type': request.headers['content-type'] ?? 'application/json',
        ...(request.headers.authorization === undefined
          ? {}
          : { authorization: request.headers.authorization }),
      },
      ...(body.length === 0 ? {} : { body: Buffer.concat(body).toString() }),
    });
    const text = await answer.text();
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? 'application/json',
    });
    response.end(text.replaceAll(twins.salesforce.url, own));
  }
});
let own = '';
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  own = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
  const { SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET } = environment;
  process.send?.({ SALESFORCE_LOGIN_URL: own, SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET });
});
process.on('disconnect', () => process.exit());
