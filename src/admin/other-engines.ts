import type { EngineFacts, Store } from '../queue/store.ts';

/**
 * What the other engines on the same jobs say of themselves; those of one that fell silent are old.
 * @param self id of this engine
 */
export async function otherEngines(
  { peers }: Pick<Store, 'peers'>,
  self: string,
): Promise<readonly EngineFacts[]> {
  const seen = (await peers?.list()) ?? [];
  return seen.flatMap(({ id, alive, facts }) =>
    id === self || !alive || facts === undefined ? [] : [facts],
  );
}
