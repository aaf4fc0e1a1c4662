import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';

/*
 * Puts the command line together from what the compiler wrote: few files start faster than many. A
 * command loads its own chunk and those it shares with others. `iii queue list` read 88 files before.
 */

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const folder = join(dist, 'bundle');

/** They have a binary, start threads from files of their own, or are the user's to install. */
const NOT_BUNDLED = ['lmdb', 'pino', 'ioredis', 'rabbitmq-client'];
/** What ws takes when it is there. */
const OPTIONAL = ['bufferutil', 'utf-8-validate'];

/** A module finds its neighbours where the compiler put it, whichever chunk it is in. */
const ownPlace: Plugin = {
  name: 'own-place',
  transform: (code, id) => {
    if (!id.startsWith(dist) || !code.includes('import.meta.url')) return null;
    const place = `new URL(${JSON.stringify(relative(folder, id))}, import.meta.url).href`;
    return code.replaceAll('import.meta.url', place);
  },
};

const bundle = await rolldown({
  input: { main: join(dist, 'cli', 'main.js') },
  platform: 'node',
  external: [...NOT_BUNDLED, ...OPTIONAL],
  plugins: [ownPlace],
});
const { output } = await bundle.write({ dir: folder, format: 'esm' });
await bundle.close();
writeFileSync(join(folder, 'LICENSES.txt'), licences());

/** The licences of all packages that went into the bundle, which ask to be passed on with it. */
function licences(): string {
  const ids = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  const packages = new Set(
    ids.flatMap((id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []),
  );
  return [...packages].sort().map(licenceOf).join('\n');
}

function licenceOf(path: string): string {
  const file = readdirSync(path).find((name) => /^licen[cs]e/i.test(name));
  const { name, version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  if (file === undefined) throw new Error(`${name} has no licence file`);
  return `${name} ${version}\n\n${readFileSync(join(path, file), 'utf8').trim()}\n`;
}
