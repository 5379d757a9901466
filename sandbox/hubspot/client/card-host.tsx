import type { CrmContext } from '@hubspot/ui-extensions';
import { RemoteRenderer, createController, createRemoteReceiver } from '@remote-ui/react/host';
import { createEndpoint, fromWebWorker } from '@remote-ui/rpc';
import { useCallback, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { PARTS } from './card-parts.tsx';
import type { Host, Worker as CardWorker } from './card-platform.ts';

type Listed = { object: string; id: string; name: string };
type Opened = { name: string; properties: [string, string][]; context: CrmContext };

const BASE = '/_twin/card';

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(BASE + path, init);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}

/** The records of the portal. */
function Records() {
  const [records, setRecords] = useState<Listed[]>([]);
  useEffect(() => void ask<Listed[]>('/records').then(setRecords), []);
  return (
    <ul className="records">
      {records.map(({ object, id, name }) => (
        <li key={`${object} ${id}`}>
          <a href={`${BASE}?${new URLSearchParams({ object, id }).toString()}`}>{name}</a>{' '}
          <small>{object}</small>
        </li>
      ))}
    </ul>
  );
}

/** A record's page with the card in its tab. */
function RecordPage({ place }: { place: string }) {
  const [opened, setOpened] = useState<Opened | null>(null);
  const [problem, setProblem] = useState('');
  const load = useCallback(
    () => ask<Opened>(`/record${place}`).then(setOpened, (error: Error) => setProblem(error.message)),
    [place],
  );
  useEffect(() => void load(), [load]);
  if (problem !== '') return <p role="alert">{problem}</p>;
  if (opened === null) return null;
  return (
    <div className="record">
      <aside>
        <h1>{opened.name}</h1>
        <a href={BASE}>All records</a>
        <dl>
          {opened.properties.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </aside>
      <section className="tab" aria-label="Fieldnote">
        <h2>Fieldnote</h2>
        {/* What the card was told when it was opened stays: the page reads the properties again, not the card. */}
        <Card context={opened.context} refresh={() => void load()} />
      </section>
    </div>
  );
}

const controller = createController(PARTS);

/** The card's own code in a worker, and what it draws. */
function Card({ context, refresh }: { context: CrmContext; refresh: () => void }) {
  const [receiver] = useState(createRemoteReceiver);
  useEffect(() => {
    const worker = new Worker(`${BASE}/worker.js`);
    const endpoint = createEndpoint<CardWorker>(fromWebWorker(worker), { callable: ['render'] });
    const host: Host = {
      call: (url, options) =>
        ask('/fetch', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ url, ...options }),
        }),
      refreshObjectProperties: refresh,
    };
    endpoint.expose(host);
    void endpoint.call.render(receiver.receive, context);
    return () => worker.terminate();
    // Drawn once: a record's card is not told anew.
  }, []);
  return <RemoteRenderer receiver={receiver} controller={controller} />;
}

const page = document.querySelector('#page');
if (page !== null) {
  const { search } = window.location;
  createRoot(page).render(search === '' ? <Records /> : <RecordPage place={search} />);
}
