import { eventually } from './eventually.ts';
import type { RawClient } from './raw-client.ts';

interface Listing {
  readonly workers: readonly { readonly functions: readonly string[] }[];
}

/** Waits until exactly this many workers offer a function. */
export async function offered(client: RawClient, functionId: string, times = 1): Promise<void> {
  await eventually(async () => {
    const { workers } = await client.call<Listing>('iii::worker::list');
    return workers.filter(({ functions }) => functions.includes(functionId)).length === times;
  });
}
