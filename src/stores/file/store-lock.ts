import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { IiiError } from '../../base/errors.ts';

/** Tells a second engine who has the folder. Left behind by a killed owner; it locks nothing. */
const OWNER_FILE = 'owner.pid';
const FILE_MODE = 0o600;

/** The right to write to a folder, for as long as this process lives. */
export interface StoreLock {
  release(): Promise<void>;
}

/**
 * Makes this process the only writer of a folder. The kernel gives the lock back when the process
 * ends, however it ends. It holds for processes of one network namespace.
 * @throws IiiError STORE_LOCKED that names the owner
 */
export async function lockStore(folder: string): Promise<StoreLock> {
  const server = await listen(lockAddress(folder));
  if (server === null) throw locked(folder);
  const ownerFile = join(folder, OWNER_FILE);
  writeFileSync(ownerFile, `${process.pid}\n`, { mode: FILE_MODE });
  return {
    release: () =>
      new Promise((resolve) => {
        rmSync(ownerFile, { force: true });
        server.close(() => {
          resolve();
        });
      }),
  };
}

/**
 * Linux: a socket in the abstract namespace, which has no file that could stay behind. Windows: a
 * named pipe, which has none either.
 */
function lockAddress(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true });
  const name = createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32);
  return process.platform === 'win32' ? `\\\\.\\pipe\\iii-store-${name}` : `\0iii-store-${name}`;
}

/** Listens on an address; `null` when somebody else does. */
function listen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

function locked(folder: string): IiiError {
  const pid = ownerOf(folder);
  return new IiiError(
    'STORE_LOCKED',
    `The store in ${folder} is in use by another process${pid === null ? '' : ` (${pid})`}.`,
    {
      reason: 'Only one engine at a time may write to a store.',
      hint: 'Stop that engine, or give another folder with --store DIR.',
      details: { folder, pid },
    },
  );
}

/** The process that last took the lock; `null` when that is not known. */
export function ownerOf(folder: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(join(folder, OWNER_FILE), 'utf8'), 10);
    return Number.isInteger(pid) ? pid : null;
  } catch {
    return null;
  }
}
