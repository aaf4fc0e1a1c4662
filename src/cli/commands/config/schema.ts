import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunCommand } from '../../command.ts';
import type { Context } from '../../context.ts';

/** Where a package of the folder has the schema. */
const IN_FOLDER = './node_modules/iii-engine/schema.json';

/** Prints the JSON Schema of the configuration file, or the line that makes editors use it. */
export const run: RunCommand = async (context, input) => {
  const { output } = context;
  const header = `# yaml-language-server: $schema=${schemaPlace(context)}`;
  if (input.flag('header')) {
    await output.text(header);
    return 0;
  }
  const { configSchema } = await import('../../../config/json-schema.ts');
  if (output.forPeople) await output.text(JSON.stringify(configSchema(), null, 2));
  else await output.value(configSchema());
  await output.note(`Editors use it with this first line of the file:\n${header}`);
  return 0;
};

/** The schema that came with this command; shortest where the package is one of the folder. */
function schemaPlace({ io }: Context): string {
  if (existsSync(join(io.cwd, IN_FOLDER))) return IN_FOLDER;
  return fileURLToPath(new URL('../../../../schema.json', import.meta.url));
}
