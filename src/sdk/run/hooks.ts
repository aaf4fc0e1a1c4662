import type { ResolveHook } from 'node:module';
import type { MessagePort } from 'node:worker_threads';

export interface HookData {
  /** Where the SDK of this package is. */
  readonly sdkUrl: string;
  /** Told the URL of every file that is loaded. */
  readonly port: MessagePort;
}

let data: HookData | undefined;

/** Called once by Node, with what `register` was given. */
export function initialize(given: HookData): void {
  data = given;
}

/**
 * Files get the SDK of the command that runs them, so that they need not install it, and so that
 * `client` knows the calls that run.
 */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  if (specifier === 'iii-engine/sdk' && data !== undefined) {
    return { url: data.sdkUrl, shortCircuit: true };
  }
  const resolved = await nextResolve(specifier, context);
  if (resolved.url.startsWith('file:') && !resolved.url.includes('/node_modules/')) {
    data?.port.postMessage(resolved.url);
  }
  return resolved;
};
