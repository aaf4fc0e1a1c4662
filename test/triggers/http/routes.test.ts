import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.ts';
import { Worker } from '../../../src/engine/workers.ts';
import { readRoute, Routes, type Route } from '../../../src/triggers/http/routes.ts';

const link = { send: () => undefined, bufferedBytes: () => 0, close: () => undefined };
const info = { remoteAddress: '127.0.0.1', role: null, tokenName: null };
const owner = new Worker('w', link, info, new ManualClock().now());

function route(config: unknown, functionId = 'fn'): Route {
  return readRoute({ id: 't', triggerType: 'http', functionId, config, metadata: null, owner });
}

function tableOf(...configs: readonly Readonly<Record<string, unknown>>[]): Routes {
  const routes = new Routes();
  for (const config of configs) routes.add(route(config, String(config['api_path'])));
  return routes;
}

/** The pattern that answers a request, or how there is none. */
function answering(routes: Routes, method: string, path: string): string {
  const match = routes.find(method, path);
  return match.kind === 'route' ? match.route.path : match.kind;
}

describe('the config of an http trigger', () => {
  it('is a path, and GET unless it says otherwise', () => {
    expect(route({ api_path: 'orders' })).toMatchObject({ method: 'GET', path: 'orders' });
    expect(route({ api_path: '/orders', http_method: 'pOsT' })).toMatchObject({ method: 'POST' });
  });

  it.each([
    [undefined, 'api_path'],
    ['orders', 'api_path'],
    [{ api_path: 7 }, 'api_path'],
    [{ api_path: '/a', http_method: 'TRACE' }, 'http_method'],
    [{ api_path: '/a', http_method: 7 }, 'http_method'],
    [{ api_path: '/a/*' }, 'must not contain'],
    [{ api_path: '/a?b=1' }, 'must not contain'],
    [{ api_path: '/a/:' }, 'without a name'],
    [{ api_path: '/:id/:id' }, 'twice'],
    [{ api_path: '/a', condition_function_id: 7 }, 'condition_function_id'],
    [{ api_path: '/a', middleware_function_ids: 'm' }, 'middleware_function_ids'],
  ])('%j is refused, with %s in the reason', (config, reason) => {
    expect(() => route(config)).toThrow(reason);
  });
});

describe('the routes', () => {
  it.each(['orders', '/orders'])('%s answers /orders and nothing below', (path) => {
    const routes = tableOf({ api_path: path });
    expect(answering(routes, 'GET', '/orders')).toBe(path);
    expect(answering(routes, 'GET', '/orders/1')).toBe('none');
    expect(answering(routes, 'GET', '/orders/')).toBe('none');
    expect(answering(routes, 'GET', '/')).toBe('none');
  });

  it('give the parts of a path as they stand in the address', () => {
    const routes = tableOf({ api_path: '/shops/:shop/orders/:order' });
    expect(routes.find('GET', '/shops/a%2Fb/orders/%C3%A9.json')).toMatchObject({
      params: { shop: 'a%2Fb', order: '%C3%A9.json' },
    });
  });

  it('take a whole part as the name of a parameter, whatever it holds', () => {
    const routes = tableOf({ api_path: '/:file-name.json/a:b' });
    expect(routes.find('GET', '/x/a:b')).toMatchObject({ params: { 'file-name.json': 'x' } });
  });

  it('prefer a fixed part, and an empty part is no parameter', () => {
    const routes = tableOf({ api_path: '/orders/:id' }, { api_path: '/orders/new' });
    expect(answering(routes, 'GET', '/orders/new')).toBe('/orders/new');
    expect(answering(routes, 'GET', '/orders/newer')).toBe('/orders/:id');
    expect(answering(routes, 'GET', '/orders/')).toBe('none');
  });

  it('have none for a path that cannot be decoded', () => {
    expect(answering(tableOf({ api_path: '/:id' }), 'GET', '/%zz')).toBe('none');
  });

  it('say which methods a path is there for', () => {
    const routes = tableOf(
      { api_path: '/a', http_method: 'POST' },
      { api_path: '/:x', http_method: 'DELETE' },
    );
    expect(routes.find('PUT', '/a')).toEqual({ kind: 'other_method', allowed: ['POST', 'DELETE'] });
    expect(routes.find('BREW', '/a')).toMatchObject({ kind: 'other_method' });
  });

  it('answer HEAD as GET unless there is a route for it', () => {
    const routes = tableOf({ api_path: '/a' }, { api_path: '/b' });
    routes.add(route({ api_path: '/b', http_method: 'HEAD' }, 'head'));
    expect(routes.find('HEAD', '/a')).toMatchObject({ route: { method: 'GET' } });
    expect(routes.find('HEAD', '/b')).toMatchObject({ route: { method: 'HEAD' } });
  });

  it('let the newest of equal patterns answer, and give it back when that one goes', () => {
    const routes = new Routes();
    const [first, second, third] = ['/a/:id', 'a/:name', '/a/:x'].map((api_path) =>
      route({ api_path }),
    );
    expect(routes.add(first!)).toBeUndefined();
    expect(routes.add(second!)).toBe(first);
    expect(routes.add(third!)).toBe(second);
    expect(answering(routes, 'GET', '/a/1')).toBe('/a/:x');
    routes.remove(second!);
    expect(answering(routes, 'GET', '/a/1')).toBe('/a/:x');
    routes.remove(third!);
    expect(routes.find('GET', '/a/1')).toMatchObject({ params: { id: '1' } });
    routes.remove(first!);
    routes.remove(first!);
    expect(answering(routes, 'GET', '/a/1')).toBe('none');
  });

  it('stop answering for a fixed part that is gone, and the parameter takes its place', () => {
    const routes = tableOf({ api_path: '/orders/:id' });
    const fixed = route({ api_path: '/orders/new' });
    routes.add(fixed);
    expect(answering(routes, 'GET', '/orders/new')).toBe('/orders/new');
    routes.remove(fixed);
    expect(answering(routes, 'GET', '/orders/new')).toBe('/orders/:id');
  });
});
