// Takes the lock of a store's folder as an engine does, says so, and lives until it is killed.
import { createHash } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const folder = process.argv[2] ?? '';
const { dev, ino } = statSync(folder, { bigint: true });
const name = createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32);
createServer().listen(`\0iii-store-${name}`, () => {
  writeFileSync(join(folder, 'owner.pid'), `${process.pid}\n`);
  process.stdout.write('locked\n');
});
