import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallContext } from './worker.ts';

/** The call whose handler runs here, also behind its `await`s. */
export const currentCall = new AsyncLocalStorage<CallContext>();
