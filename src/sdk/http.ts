import type { ChannelReader } from './channel-reader.ts';
import type { ChannelWriter } from './channel-writer.ts';
import type { CallContext, Handler } from './worker.ts';

/** What an HTTP trigger calls its function with. */
export interface HttpRequest<Body = unknown> {
  /** As they stand in the address, not percent-decoded. */
  readonly path_params: Readonly<Record<string, string>>;
  readonly query_params: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The pattern of the route. */
  readonly path: string;
  readonly method: string;
  /** `null` unless the request says `application/json`. */
  readonly body: Body;
  /** The bytes of the body, whatever they are. */
  readonly request_body: ChannelReader;
  readonly response: ChannelWriter;
}

/** What a function may return to answer with. */
export interface HttpResponse<Body = unknown> {
  /** Default 200. */
  readonly status_code?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
}

/** An answer that is written piece by piece. Status and headers are fixed by the first bytes. */
export interface StreamedResponse {
  status(code: number): void;
  headers(headers: Readonly<Record<string, string>>): void;
  readonly stream: ChannelWriter['stream'];
  /** The answer is complete. */
  close(): void;
}

/** A handler for HTTP triggers that gets the request and a response to write into. */
export function http<Body = unknown>(
  handler: (
    request: Omit<HttpRequest<Body>, 'response'>,
    response: StreamedResponse,
    context: CallContext,
  ) => unknown,
): Handler<HttpRequest<Body>> {
  return ({ response: writer, ...request }, context) => {
    const say = (message: Readonly<Record<string, unknown>>): void => {
      writer.sendMessage(JSON.stringify(message));
    };
    const response: StreamedResponse = {
      status: (status_code) => {
        say({ type: 'set_status', status_code });
      },
      headers: (headers) => {
        say({ type: 'set_headers', headers });
      },
      get stream() {
        return writer.stream;
      },
      close: () => {
        writer.close();
      },
    };
    return handler(request, response, context);
  };
}
