import createRouter, { type Instance, type HTTPVersion } from 'find-my-way';
import { IiiError } from '../../base/errors.ts';
import type { Binding } from '../../engine/bindings.ts';
import { membersOf, optionalText } from '../config.ts';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;
export type Method = (typeof METHODS)[number];

/** What the config of an `http` trigger may have. */
export const ROUTE_MEMBERS = [
  'api_path',
  'http_method',
  'condition_function_id',
  'middleware_function_ids',
  'queue',
] as const;

/** Longest path parameter; the request line is bounded before. */
const MAX_PARAM_LENGTH = 16 * 1024;

/** What an `http` trigger asks for, checked. */
export interface Route {
  readonly binding: Binding;
  readonly method: Method;
  /** The pattern as its user wrote it. */
  readonly path: string;
  readonly conditionId: string | null;
  readonly middlewareIds: readonly string[];
  /** Where bodies are enqueued for the function; `null` to call it with the request. */
  readonly queue: string | null;
  /** JSON text of the trigger's metadata. */
  readonly metadata: string | null;
  /** Parameters and the segment each is, counted from 0. */
  readonly params: readonly { readonly name: string; readonly segment: number }[];
  /** The pattern with every parameter alike: equal ones match the same requests. */
  readonly shape: string;
}

export type Match =
  | {
      readonly kind: 'route';
      readonly route: Route;
      /** As they stand in the address, not percent-decoded. */
      readonly params: Readonly<Record<string, string>>;
    }
  /** The path is known with these methods only. */
  | { readonly kind: 'other_method'; readonly allowed: readonly Method[] }
  | { readonly kind: 'none' };

/** @throws IiiError when the trigger's config cannot be used */
export function readRoute(binding: Binding): Route {
  const { config } = binding;
  const path = membersOf(config)['api_path'] ?? null;
  if (path === null) throw refusal('api_path is required: the trigger would never fire');
  if (typeof path !== 'string') throw refusal('api_path must be a string');
  const name = optionalText(config, 'http_method')?.toUpperCase() ?? 'GET';
  const method = METHODS.find((known) => known === name);
  if (method === undefined) throw refusal(`http_method must be one of ${METHODS.join(', ')}`);
  const middlewareIds = membersOf(config)['middleware_function_ids'] ?? [];
  if (!isTexts(middlewareIds)) throw refusal('middleware_function_ids must be a list of strings');
  const metadata = binding.metadata ?? null;
  return {
    binding,
    method,
    path,
    conditionId: optionalText(config, 'condition_function_id'),
    middlewareIds,
    queue: optionalText(config, 'queue'),
    metadata: metadata === null ? null : JSON.stringify(metadata),
    ...readPattern(path),
  };
}

function readPattern(path: string): Pick<Route, 'params' | 'shape'> {
  if (/[*?#\p{Cc}]/u.test(path)) {
    throw refusal('api_path must not contain * ? # or control characters; use :name for a part');
  }
  const segments = path.replace(/^\//, '').split('/');
  const params: { name: string; segment: number }[] = [];
  const shape = segments.map((text, segment) => {
    if (!text.startsWith(':')) return text.replaceAll(':', '::');
    const name = text.slice(1);
    if (name === '') throw refusal('api_path has a parameter without a name');
    if (params.some((param) => param.name === name)) {
      throw refusal(`api_path has the parameter :${name} twice`);
    }
    params.push({ name, segment });
    return ':part';
  });
  return { params, shape: `/${shape.join('/')}` };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function refusal(message: string): IiiError {
  return new IiiError('trigger_registration_failed', message);
}

/**
 * The live routes. Of several triggers with one method and pattern the newest answers; when it goes,
 * the one before it does again.
 */
export class Routes {
  /** Live routes by method and shape, the newest last. */
  readonly #stacks = new Map<string, Route[]>();
  /** Built anew after routes have gone: taking one out of it costs as much as building it. */
  #router: Instance<HTTPVersion.V1> | undefined;

  /** @returns the route that answered before, if there was one */
  add(route: Route): Route | undefined {
    const key = keyOf(route);
    const stack = this.#stacks.get(key);
    if (stack === undefined) {
      const live = [route];
      this.#stacks.set(key, live);
      if (this.#router !== undefined) serve(this.#router, route, live);
      return undefined;
    }
    const previous = stack.at(-1);
    stack.push(route);
    return previous;
  }

  remove(route: Route): void {
    const key = keyOf(route);
    const stack = this.#stacks.get(key);
    const at = stack?.indexOf(route) ?? -1;
    if (stack === undefined || at === -1) return;
    stack.splice(at, 1);
    if (stack.length > 0) return;
    this.#stacks.delete(key);
    this.#router = undefined;
  }

  /** `path` is that of the request, not decoded, and begins with `/`. `HEAD` falls back to `GET`. */
  find(method: string, path: string): Match {
    const known = METHODS.find((name) => name === method);
    const match = known === undefined ? undefined : this.#match(known, path);
    if (match !== undefined) return match;
    if (known === 'HEAD') {
      const get = this.#match('GET', path);
      if (get !== undefined) return get;
    }
    const allowed = METHODS.filter((other) => this.#match(other, path) !== undefined);
    return allowed.length === 0 ? { kind: 'none' } : { kind: 'other_method', allowed };
  }

  #match(method: Method, path: string): Match | undefined {
    this.#router ??= this.#build();
    const stack = this.#router.find(method, path)?.store as readonly Route[] | undefined;
    const route = stack?.at(-1);
    if (route === undefined) return undefined;
    if (route.params.length === 0) return { kind: 'route', route, params: {} };
    const segments = path.slice(1).split('/');
    const params = route.params.map(
      ({ name, segment }) => [name, segments[segment] ?? ''] as const,
    );
    if (params.some(([, value]) => value === '')) return undefined;
    return { kind: 'route', route, params: Object.fromEntries(params) };
  }

  #build(): Instance<HTTPVersion.V1> {
    const router = createRouter({ maxParamLength: MAX_PARAM_LENGTH });
    for (const stack of this.#stacks.values()) {
      for (const route of stack.slice(0, 1)) serve(router, route, stack);
    }
    return router;
  }
}

/** The router wants a handler too; only its store is used. */
function serve(
  router: Instance<HTTPVersion.V1>,
  { method, shape }: Route,
  stack: readonly Route[],
): void {
  router.on(method, shape, () => undefined, stack);
}

function keyOf({ method, shape }: Route): string {
  return `${method} ${shape}`;
}
