import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = Readonly<Record<string, unknown>>;

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  /** `service.name` of whoever made it. */
  readonly service: string;
  readonly status: { readonly code?: number };
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What the collector does with a request; `silence`: it never answers. */
export type CollectorAnswer =
  { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | 'silence';

interface CollectorStart {
  /** 0 takes a free one. */
  readonly port?: number;
  /** What the nth request gets, counted from 1; without it all are taken. */
  readonly answer?: (nth: number) => CollectorAnswer;
}

/** A collector of OTLP/JSON over HTTP that keeps what it gets. */
export class OtlpCollector {
  readonly requests: { readonly path: string; readonly body: Json }[] = [];
  connections = 0;
  readonly #server: Server;

  private constructor(answer: NonNullable<CollectorStart['answer']>) {
    this.#server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      request.on('end', () => {
        this.requests.push({ path: request.url ?? '', body: JSON.parse(text) as Json });
        const given = answer(this.requests.length);
        if (given === 'silence') return;
        response.writeHead(given.status, given.headers).end('{}');
      });
    });
    this.#server.on('connection', () => (this.connections += 1));
  }

  static async start(options: CollectorStart = {}): Promise<OtlpCollector> {
    const { port = 0, answer = () => ({ status: 200 }) } = options;
    const collector = new OtlpCollector(answer);
    await new Promise<void>((resolve) => {
      collector.#server.listen(port, '127.0.0.1', resolve);
    });
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  spans(): CollectedSpan[] {
    return this.requests.flatMap(({ path, body }) =>
      path === '/v1/traces' ? listOf(body, 'resourceSpans').flatMap(spansOf) : [],
    );
  }

  /** Spans whose name begins like this, in the order they came. */
  named(prefix: string): CollectedSpan[] {
    return this.spans().filter(({ name }) => name.startsWith(prefix));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function spansOf(resource: Json): CollectedSpan[] {
  const about = resource['resource'] as Json;
  const service = String(attributesOf(about)['service.name']);
  return listOf(resource, 'scopeSpans')
    .flatMap((scope) => listOf(scope, 'spans'))
    .map((span) => ({
      ...(span as unknown as CollectedSpan),
      service,
      attributes: attributesOf(span),
    }));
}

function attributesOf(owner: Json): Record<string, unknown> {
  return Object.fromEntries(
    listOf(owner, 'attributes').map(({ key, value }) => [
      String(key),
      Object.values(value as Json)[0],
    ]),
  );
}

function listOf(owner: Json, name: string): Json[] {
  return (owner[name] ?? []) as Json[];
}
