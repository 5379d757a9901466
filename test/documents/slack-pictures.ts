import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser } from '../harness/browser.ts';
import type { BrowserPage } from '../harness/browser-page.ts';
import { connectAndSync } from '../harness/system.ts';
import { openRows, setFaults, until } from '../e2e/faults/observe.ts';
import { openSlack } from '../slack/open-slack.ts';
import type { TestSlack } from '../slack/open-slack.ts';

// Takes the pictures of docs/slack.md, and the README's, from the page of the Slack twin: npx node test/documents/slack-pictures.ts
const REP = 'Imani Oyelaran';
const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));
const OURS = 'https://fieldnote.example.com';
const WIDTH = 1_100;
// Tall enough for the longest conversation, so that nothing has to be scrolled.
const HEIGHT = 2_600;
// Of the window, whose frame takes 87 of it.
const README_HEIGHT = 760;

const slack = await openSlack({ more: { PUBLIC_URL: OURS } });
const rows = await openRows(slack.system);
const browser = await openBrowser();
try {
  await mkdir(join(DOCS, 'slack'), { recursive: true });
  const accounts = await scoreAll(slack);
  const person = [...(slack.twin.state.teams[0]?.people.values() ?? [])].find(
    ({ realName }) => realName === REP,
  );
  if (person === undefined) throw new Error(`nobody is called ${REP}`);
  const page = await browser.openPage({ width: WIDTH, height: HEIGHT });
  const go = (channel: string, more = ''): Promise<void> =>
    page.goto(`${slack.twin.url}/?user=${person.id}&channel=${channel}${more}`);
  await takeAll(page, go, accounts);
  await takeForReadme(person.id, accounts[0] ?? '');
} finally {
  await browser.close();
  await rows.close();
  await slack.close();
}

async function takeAll(
  page: BrowserPage,
  go: (channel: string, more?: string) => Promise<void>,
  [best = '', second = '', third = '']: readonly string[],
): Promise<void> {
  const act = (edit: Record<string, unknown>): Promise<unknown> => slack.act({ as: REP, ...edit });
  const command = (channel: string, text: string): Promise<unknown> =>
    act({ operation: 'command', channel, text });
  const say = (channel: string, text: string): Promise<unknown> => act({ operation: 'say', channel, text });

  await moveSome([second, third]);
  // Meets the person, so that cards know their accounts.
  await act({ operation: 'open home' });
  await go('app', '&tab=home');
  await page.waitFor(`document.querySelector('#main .home') !== null`);
  await save('home', await page.screenshot('#main .home > *'));

  await slowDown(1_500);
  await command('sales', `/score ${await findStranger()}`);
  await go('sales');
  await page.waitFor(`document.querySelector('#main').textContent.includes('▸')`);
  await take(page, 'progress', 1);
  await answered();
  await slowDown(0);

  await command('sales', `/score ${best}`);
  await entries(page, 2);
  await take(page, 'card', 1);

  await command('sales', `/compare ${best} ${second} ${third}`);
  await entries(page, 3);
  await take(page, 'compare', 1);

  await command('sales', `/pitch ${await findShortPitch()}`);
  await answered();
  await page.waitFor(`document.querySelector('.thread .file') !== null`);
  // The longest of all: smaller, so that the picture is light.
  await page.evaluate(`document.body.style.zoom = 0.85`);
  await take(page, 'pitch', 2);
  await page.evaluate(`document.body.style.zoom = 1`);

  await say('sales', `Their new site looks good. @Fieldnote ${third}`);
  await answered();
  await page.waitFor(`document.querySelector('#main > .thread:last-child article') !== null`);
  await take(page, 'mention', 2);

  slack.twin.configure({ unfurlDomains: [new URL(OURS).hostname] });
  await say('sales', `${OURS}/companies/${second}`);
  await page.waitFor(`document.querySelector('.unfurl') !== null`);
  await take(page, 'link', 1);

  await act({ operation: 'click', channel: 'sales', action_id: 'wrong' });
  await page.waitFor(`document.querySelector('#modal [data-modal]') !== null`);
  await save('wrong', await page.screenshot('#modal'));
  await act({ operation: 'close' });

  await say('app', `compare ${best} ${third}`);
  await answered();
  await go('app');
  await take(page, 'direct', 2);
}

/** The page as a whole, with a card in it. */
async function takeForReadme(user: string, domain: string): Promise<void> {
  await slack.act({ operation: 'command', as: REP, channel: 'sales', text: `/score ${domain}` });
  const page = await browser.openPage({ width: WIDTH, height: README_HEIGHT });
  await page.goto(`${slack.twin.url}/?user=${user}&channel=sales`);
  await save('../slack', await page.screenshot());
}

/** Waits until so many entries stand in the conversation. */
function entries(page: BrowserPage, count: number): Promise<void> {
  return page.waitFor(`document.querySelectorAll('#main > *').length >= ${count}`);
}

/** The last entries of the conversation, as `docs/slack/NAME.png`. */
async function take(page: BrowserPage, name: string, entries: number): Promise<void> {
  await page.evaluate(
    `document.querySelector('#main').scrollTop = document.querySelector('#main').scrollHeight`,
  );
  const selector = `#main > :nth-last-child(-n + ${entries})`;
  await save(name, await page.screenshot(selector));
}

async function save(name: string, png: Buffer): Promise<void> {
  await writeFile(join(DOCS, 'slack', `${name}.png`), png);
  process.stdout.write(`${name}.png ${Math.round(png.length / 1000)} kB\n`);
}

/** Everything is synced and scored, as after a night; the person's best accounts. */
async function scoreAll({ app, system, environment }: TestSlack): Promise<string[]> {
  await connectAndSync(app);
  const worker = await system.openApp({ worker: true, environment });
  await worker.startWorker({ schedule: true });
  await until(
    'every company is scored',
    async () => {
      const [left] = await rows.rows<{ n: number }>(
        `select count(*)::int as n from companies c where excluded_because is null
           and not exists (select from scores s where s.company_id = c.id and s.current)`,
      );
      return left?.n === 0;
    },
    300_000,
  );
  const best = await rows.rows<{ domain: string }>(
    `select c.domain from companies c join scores s on s.company_id = c.id and s.current
     where s.status = 'scored' and exists (select from records r join crm_users u on u.connection_id = r.connection_id and u.external_id = r.owner_id
       where r.company_id = c.id and u.email = $1)
     order by s.score desc, c.domain limit 3`,
    [`${REP.toLowerCase().replace(' ', '.')}@fieldnote-sandbox.example`],
  );
  return best.map(({ domain }) => domain);
}

/** The good company whose pitch takes least room. */
async function findShortPitch(): Promise<string> {
  const [shortest] = await rows.rows<{ domain: string }>(
    `select c.domain from companies c join pitches p on p.company_id = c.id join scores s on s.company_id = c.id and s.current
     where s.score > 50 order by length(p.text), c.domain limit 1`,
  );
  return shortest?.domain ?? '';
}

/** Accounts whose strongest reason was not known six days ago, so that the week has moves to tell of. */
async function moveSome(domains: readonly string[]): Promise<void> {
  await rows.rows(
    `insert into scores (workspace_id, company_id, extraction_id, model, model_version, as_of, status, score, band, confidence,
       reasons, missing, current)
     select workspace_id, company_id, extraction_id, model, model_version, as_of - 6, 'scored', score - (reasons->0->>'points')::numeric, 'B',
       confidence, reasons - 0, missing, false
     from scores where current and company_id in (select id from companies where domain = any($1))`,
    [domains],
  );
}

async function slowDown(latencyMs: number): Promise<void> {
  const { tavily, web } = slack.system.sandbox.twins;
  await setFaults(tavily.url, { latencyMs });
  await setFaults(web.url, { latencyMs });
}

/** A company that nobody knows here yet. */
async function findStranger(): Promise<string> {
  const known = await rows.rows<{ domain: string }>('select domain from companies');
  const domains = new Set(known.map(({ domain }) => domain));
  const { companies } = slack.system.sandbox.world;
  return companies.find(({ domain }) => !domains.has(domain))?.domain ?? 'nobody-knows.example';
}

function answered(): Promise<void> {
  return until('everything is answered', async () => {
    const open = await rows.rows(
      `select from slack_replies where state = 'open' union all select from slack_files where state = 'open'`,
    );
    return open.length === 0;
  });
}
