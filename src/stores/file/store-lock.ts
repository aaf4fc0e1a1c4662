import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IiiError } from '../../base/errors.ts';
import { codeOf } from './error-code.ts';

/** Tells a second engine who has the folder. Left behind by a killed owner; it locks nothing. */
const OWNER_FILE = 'owner.pid';
const FILE_MODE = 0o600;
const READ_ONLY: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM']);

/** The right to write to a folder, for as long as this process lives. */
export interface StoreLock {
  release(): Promise<void>;
}

/**
 * Makes this process the only writer of a folder. The kernel gives the lock back when the process
 * ends, however it ends. On Linux it holds for processes of one network namespace.
 * @throws IiiError STORE_LOCKED that names the owner
 */
export async function lockStore(
  folder: string,
  platform: NodeJS.Platform = process.platform,
): Promise<StoreLock> {
  const address = lockAddress(folder, platform);
  const isFile = platform !== 'linux' && platform !== 'win32';
  const server = (await listen(address)) ?? (isFile ? await takeOver(address) : null);
  if (server === null) throw locked(folder);
  const ownerFile = join(folder, OWNER_FILE);
  let isNamed: boolean;
  try {
    isNamed = nameOwner(ownerFile);
  } catch (thrown) {
    server.close();
    throw thrown;
  }
  return {
    release: () =>
      new Promise((resolve) => {
        if (isNamed) rmSync(ownerFile, { force: true });
        server.close(() => {
          resolve();
        });
      }),
  };
}

/**
 * Says who has the lock. Where nothing may be written it holds without, for those who only read; who
 * wants to write is told by the next file.
 */
function nameOwner(file: string): boolean {
  try {
    writeFileSync(file, `${process.pid}\n`, { mode: FILE_MODE });
    return true;
  } catch (thrown) {
    if (READ_ONLY.has(codeOf(thrown))) return false;
    throw thrown;
  }
}

/**
 * Linux: a socket in the abstract namespace, which has no file that could stay behind. Windows: a
 * named pipe, which has none either. Elsewhere a socket with a file: the file of a killed owner stays,
 * and nobody answers at it.
 */
function lockAddress(folder: string, platform: NodeJS.Platform): string {
  const { dev, ino } = statSync(folder, { bigint: true });
  const name = createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32);
  if (platform === 'linux') return `\0iii-store-${name}`;
  if (platform === 'win32') return `\\\\.\\pipe\\iii-store-${name}`;
  return join(tmpdir(), `iii-store-${name}`);
}

/** Listens in the place of a killed owner; `null` when the owner lives, or another one was faster. */
async function takeOver(address: string): Promise<Server | null> {
  if (await isAnswered(address)) return null;
  const aside = `${address}.${process.pid}`;
  try {
    // moved and asked again before it is removed: it may be another one's by now
    renameSync(address, aside);
    if (await isAnswered(aside)) {
      renameSync(aside, address);
      return null;
    }
    rmSync(aside);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
  return listen(address);
}

function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
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
