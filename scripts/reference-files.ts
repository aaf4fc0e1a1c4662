import { format, resolveConfig } from 'prettier';
import { configSchema } from '../src/config/json-schema.ts';
import { manPage } from './man-page.ts';
import { fillTables } from './reference-tables.ts';

/** A file, or a part of one, that is made from the tables of the configuration or the command tree. */
interface ReferenceFile {
  /** From the root of the repository. */
  readonly path: string;
  /** The text the file must have, given the text it has. */
  readonly make: (current: string) => Promise<string>;
}

export function referenceFiles(): readonly ReferenceFile[] {
  return [
    ...['docs/configuration.md', 'docs/migration.md'].map((path) => ({
      path,
      make: (page: string) => formatted(fillTables(page), path),
    })),
    {
      path: 'schema.json',
      make: () => formatted(JSON.stringify(configSchema()), 'schema.json'),
    },
    { path: 'man/iii.1', make: () => Promise.resolve(manPage()) },
  ];
}

async function formatted(text: string, path: string): Promise<string> {
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}
