import type { FunctionListing } from './functions.ts';

/** A function as `engine::functions::list` and the triggers for changes of it show it (wire-protocol.md §5.3). */
export function functionEntry(listing: FunctionListing): Readonly<Record<string, unknown>> {
  const { id, facts } = listing;
  return {
    function_id: id,
    worker_name: workerName(listing),
    description: facts.description,
    request_format: facts.requestFormat,
    response_format: facts.responseFormat,
    metadata: facts.metadata,
  };
}

export function workerName({ workers, local }: FunctionListing): string {
  return local ? 'engine' : (workers[0]?.profile.name ?? '');
}

/** The engine's own functions; an embedder's are shown. */
export function isInternal({ id, internal }: FunctionListing): boolean {
  return internal || id.startsWith('engine::');
}
