import { randomBytes } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { openEmbeddedDatabase } from '../../src/embedded/database.ts';

export type BenchDatabase = {
  url: string;
  /** Processor seconds of the whole server so far, read from /proc; NaN where there is none. */
  cpuSeconds(): Promise<number>;
  close(): Promise<void>;
};

const HOME = fileURLToPath(new URL('../../.fieldnote/bench', import.meta.url));
// Linux counts processor time in hundredths of a second (USER_HZ).
const TICKS_PER_SECOND = 100;

/** An empty database of its own on an embedded server that only benches use. */
export async function createBenchDatabase(): Promise<BenchDatabase> {
  const server = await openEmbeddedDatabase(HOME);
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  const name = `bench_${randomBytes(6).toString('hex')}`;
  await admin.query(`create database ${name}`);
  const { rows } = await admin.query<{ dir: string }>(`select current_setting('data_directory') as dir`);
  const pid = Number((await readFile(`${rows[0]?.dir}/postmaster.pid`, 'utf8')).split('\n')[0]);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return {
    url: url.toString(),
    cpuSeconds: () => readTreeCpu(pid),
    close: async () => {
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
      await server.release();
    },
  };
}

/** Own time of the server's first process, what it inherited from ended children, and that of the living ones. */
async function readTreeCpu(root: number): Promise<number> {
  let ticks = 0;
  try {
    for (const entry of await readdir('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => null);
      if (stat === null) continue;
      // The command's name may hold blanks: the fields follow its closing bracket.
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      const [parent, user, system, childUser, childSystem] = [1, 11, 12, 13, 14].map((at) => fields[at] ?? 0);
      if (Number(entry) === root)
        ticks += (user ?? 0) + (system ?? 0) + (childUser ?? 0) + (childSystem ?? 0);
      else if (parent === root) ticks += (user ?? 0) + (system ?? 0);
    }
  } catch {
    return Number.NaN;
  }
  return ticks / TICKS_PER_SECOND;
}
