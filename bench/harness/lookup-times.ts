import pg from 'pg';
import { z } from 'zod';

/** Where the seconds of one lookup went, from the command until its answer stands in Slack. */
export type LookupTimes = {
  seconds: number;
  /** Until a worker took it up. */
  waiting: number;
  research: number;
  /** In calls to the LLM. */
  llm: number;
  /** Of reading and pitch what is not the LLM's: its turn, the database, the processor. */
  aroundLlm: number;
  /** The other stages. */
  rest: number;
  /** From the company's end until the answer stands there. */
  telling: number;
};

const Lookup = z.object({
  seconds: z.number(),
  method: z.string(),
  llm: z.number(),
  taken: z.number(),
  research: z.number(),
  extract: z.number(),
  personas: z.number(),
  pitch: z.number(),
  done: z.number(),
});

const since = (move: string): string =>
  `(select extract(epoch from min(m.at) - r.asked_at)::float8 * $2 from bench_moves m
    where m.run_id = r.run_id and m.company_id = c.id and m.moved_to = '${move}')`;

/** Keeps the moments at which lookups go from stage to stage, in the bench's own database. All times are multiplied by `scale`. */
export async function keepLookupTimes(
  url: string,
  scale: number,
): Promise<{
  /** The times of those companies that were asked for alone and answered; ones not read by the LLM are an error. */
  read(domains: readonly string[]): Promise<LookupTimes[]>;
  close(): Promise<void>;
}> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query(`
    create table bench_moves (run_id uuid, company_id uuid, moved_to text, at timestamptz default clock_timestamp());
    create function bench_note_move() returns trigger language plpgsql security definer set search_path = public as $$
    begin
      if exists (select from runs where id = new.run_id and kind = 'interactive') then
        insert into bench_moves (run_id, company_id, moved_to)
        values (new.run_id, new.company_id,
          case when new.stage is distinct from old.stage then new.stage else new.state end);
      end if;
      return null;
    end $$;
    create trigger bench_note_move after update on run_items for each row
      when (new.stage is distinct from old.stage or new.state is distinct from old.state)
      execute function bench_note_move()`);
  return {
    read: async (domains) => {
      const { rows } = await admin.query(
        `select extract(epoch from r.settled_at - r.asked_at)::float8 * $2 as seconds, e.method,
           (select coalesce(sum(u.milliseconds), 0)::float8 / 1000 * $2 from usage u
            where u.run_id = r.run_id and u.provider like 'llm%') as llm,
           ${since('working')} as taken, ${since('research')} as research, ${since('extract')} as extract,
           ${since('personas')} as personas, ${since('pitch')} as pitch, ${since('done')} as done
         from slack_replies r join companies c on c.id = r.company_ids[1]
         join scores s on s.company_id = c.id and s.current join extractions e on e.id = s.extraction_id
         where r.state = 'answered' and cardinality(r.company_ids) = 1 and c.domain = any($1)`,
        [domains, scale],
      );
      return z.array(Lookup).parse(rows).map(timesOf);
    },
    close: () => admin.end(),
  };
}

function timesOf(lookup: z.infer<typeof Lookup>): LookupTimes {
  if (lookup.method !== 'llm') throw new Error('a new company was not read by the LLM');
  const { seconds, llm, taken, research, extract, personas, pitch, done } = lookup;
  return {
    seconds,
    waiting: taken,
    research: research - taken,
    llm,
    aroundLlm: extract - research + (pitch - personas) - llm,
    rest: personas - extract + (done - pitch),
    telling: seconds - done,
  };
}
