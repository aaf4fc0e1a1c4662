import { type IncomingMessage, type RequestListener, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  WebSocketServer,
  type Server as SocketServer,
  type ServerOptions,
  type WebSocket,
} from 'ws';
import type { Clock } from '../base/clock.ts';
import { IiiError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import type { Channels } from '../engine/channels.ts';
import type { OpenSession } from '../engine/link.ts';
import { readTelemetry } from '../protocol/telemetry.ts';
import { type Acceptance, checkUpgrade, TOKEN_PROTOCOL } from './accept.ts';
import { Authenticator } from './authenticator.ts';
import { awaitToken } from './await-token.ts';
import { ChannelSocket } from './channel-socket.ts';
import { serveReader, serveWriter } from './channels.ts';
import { Heartbeat } from './heartbeat.ts';
import { GATEWAY_LIMITS, type GatewayLimits } from './limits.ts';
import { askForUpgrade, bind, close, createUpgradeServer } from './listener.ts';
import { answerMetrics, asksForMetrics, type MetricsPage } from './metrics-page.ts';
import { RepeatedWarning } from './repeated-warning.ts';
import { type OnTelemetry, serveSession } from './serve-session.ts';
import { SocketLink } from './socket-link.ts';
import type { AcceptedToken } from './tokens.ts';

const GOING_AWAY = 1001;

/** Longest telemetry frame of a peer without a token. */
const MAX_MUTED_FRAME_BYTES = 256 * 1024;
const MUTED_HINT =
  'SDKs send the token there too when it is part of the address: ws://iii:TOKEN@HOST:PORT';

/** Characters of a header that a log line repeats. */
const MAX_LOGGED_HEADER = 200;

export interface GatewayOptions {
  readonly listen: {
    readonly host: string;
    /** 0 takes a free one. */
    readonly port: number;
    /** Time a client has to complete the upgrade, and at most to authenticate. */
    readonly handshakeTimeoutMs: number;
    readonly allowedOrigins: readonly string[];
    readonly allowedHosts: readonly string[];
  };
  /** Without any, every connection is accepted. */
  readonly tokens: readonly AcceptedToken[];
  readonly openSession: OpenSession;
  readonly channels: Channels;
  readonly log: Logger;
  readonly clock: Clock;
  readonly limits?: Partial<GatewayLimits>;
  /** Gets the telemetry of SDKs; without it, it is dropped. */
  readonly onTelemetry?: OnTelemetry;
  /** Shown at `/metrics` to whoever may read; without it there is no such page. */
  readonly metrics?: MetricsPage;
}

/** The WebSocket server of the worker protocol: turns connections into sessions of the engine. */
export class Gateway implements Service {
  readonly #options: GatewayOptions;
  readonly #limits: GatewayLimits;
  readonly #webSockets: WebSocketServer;
  readonly #mutedSockets: WebSocketServer;
  readonly #channelSockets: SocketServer<typeof ChannelSocket>;
  readonly #heartbeat: Heartbeat;
  readonly #authenticator: Authenticator;
  readonly #refusals: RepeatedWarning;
  readonly #mutedTelemetry: RepeatedWarning;
  readonly #links = new Set<SocketLink>();
  #servers: readonly Server[] = [];
  #port: number | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    const { clock, log, listen: address } = options;
    this.#options = options;
    const limits = { ...GATEWAY_LIMITS, ...options.limits };
    const authTimeoutMs = Math.min(limits.authTimeoutMs, address.handshakeTimeoutMs);
    this.#limits = { ...limits, authTimeoutMs };
    this.#heartbeat = new Heartbeat(clock, this.#limits);
    this.#authenticator = new Authenticator(
      options.tokens,
      clock,
      limits.maxUnauthenticatedConnections,
    );
    this.#refusals = new RepeatedWarning(log, clock, 'a connection was refused');
    this.#mutedTelemetry = new RepeatedWarning(
      log,
      clock,
      'telemetry came without a token and is thrown away',
    );
    const shared = serverOptions(limits);
    this.#mutedSockets = new WebSocketServer({ ...shared, maxPayload: MAX_MUTED_FRAME_BYTES });
    this.#channelSockets = new WebSocketServer({ ...shared, WebSocket: ChannelSocket });
    this.#webSockets = new WebSocketServer({
      ...shared,
      handleProtocols: (offered) =>
        [...offered].find((name) => name.startsWith(TOKEN_PROTOCOL)) ?? false,
    });
  }

  /** @throws IiiError `PORT_IN_USE` or `CONFIG_INVALID` */
  start(): Promise<void> {
    this.#starting ??= this.#listen().catch((thrown: unknown) => {
      this.#starting = undefined;
      throw thrown;
    });
    return this.#starting;
  }

  /** Closes every connection with code 1001; those that do not answer are cut after the grace. */
  stop(): Promise<void> {
    this.#stopping ??= this.#close().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  /** Where it listens. @throws IiiError `UNAVAILABLE` when it does not */
  address(): { readonly host: string; readonly port: number } {
    if (this.#port === undefined) throw new IiiError('UNAVAILABLE', 'the engine does not listen');
    return { host: this.#options.listen.host, port: this.#port };
  }

  async #listen(): Promise<void> {
    const { listen: address, log } = this.#options;
    const { port, servers } = await bind({
      host: address.host,
      port: address.port,
      purpose: { port: 'port', flag: '--port' },
      createServer: () =>
        createUpgradeServer(
          address.handshakeTimeoutMs,
          (request, socket, head): void => this.#upgrade(request, socket, head),
          this.#answer,
        ),
      log,
    });
    this.#port = port;
    this.#servers = servers;
    this.#heartbeat.start();
  }

  async #close(): Promise<void> {
    // a start that failed has told its own caller
    await this.#starting?.catch(() => undefined);
    this.#starting = undefined;
    this.#port = undefined;
    this.#heartbeat.stop();
    this.#refusals.stop();
    this.#mutedTelemetry.stop();
    const closing = this.#servers.map((server) => close(server));
    for (const link of this.#links) link.close(GOING_AWAY, 'the engine stops');
    await Promise.all(closing);
    this.#servers = [];
  }

  readonly #answer: RequestListener = (request, response) => {
    const { metrics: page, listen: rules, log } = this.#options;
    if (page === undefined || !asksForMetrics(request)) askForUpgrade(request, response);
    else
      void answerMetrics(request, response, {
        rules,
        authenticator: this.#authenticator,
        page,
        log,
      });
  };

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const address = request.socket.remoteAddress ?? 'unknown';
    const acceptance = checkUpgrade(request, this.#options.listen);
    if (acceptance.kind === 'refused') {
      this.#refuse(request, socket, acceptance);
      return;
    }
    if (acceptance.kind === 'channel') {
      this.#connectChannel(request, socket, head, acceptance);
      return;
    }
    const { endpoint, token } = acceptance;
    const admission = this.#authenticator.admit(token, endpoint, address);
    if (admission.kind === 'refused') {
      this.#refuse(request, socket, admission);
      return;
    }
    if (admission.kind === 'muted') {
      this.#mute(request, socket, head);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const link = this.#hold(webSocket, socket, address);
      if (endpoint === 'telemetry') this.#receiveTelemetry(webSocket);
      else if (admission.kind === 'open') this.#serve(webSocket, link, address, admission.token);
      else this.#wait(webSocket, socket, link, address);
    });
  }

  #connectChannel(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    { id, key, direction }: Extract<Acceptance, { kind: 'channel' }>,
  ): void {
    const channel = this.#options.channels.find(id, key);
    if (channel === undefined) {
      const reason = 'no such channel, or not its key';
      this.#refuse(request, socket, { status: 404, reason, body: 'Channel not found' });
      return;
    }
    this.#channelSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#hold(webSocket, socket, request.socket.remoteAddress ?? 'unknown');
      if (direction === 'write') serveWriter(webSocket, channel, this.#options.clock);
      else serveReader(webSocket, channel);
    });
  }

  /** The peer learns the status, the log the reason. */
  #refuse(
    request: IncomingMessage,
    socket: Duplex,
    refusal: { readonly status: number; readonly reason: string; readonly body?: string },
  ): void {
    const { host, origin } = request.headers;
    this.#refusals.report({
      remoteAddress: request.socket.remoteAddress,
      status: refusal.status,
      reason: refusal.reason,
      host: host?.slice(0, MAX_LOGGED_HEADER),
      origin: origin?.slice(0, MAX_LOGGED_HEADER),
    });
    answer(socket, refusal.status, refusal.body ?? '');
  }

  #hold(webSocket: WebSocket, socket: Duplex, remoteAddress: string): SocketLink {
    const { clock, log } = this.#options;
    const link = new SocketLink(webSocket, socket, clock, this.#limits);
    this.#links.add(link);
    this.#heartbeat.watch(webSocket);
    webSocket.on('close', () => this.#links.delete(link));
    webSocket.on('error', (error) => {
      log.debug('a connection failed', { remoteAddress, error: error.message });
    });
    return link;
  }

  /** Lets an SDK be that would otherwise try again for ever; what it sends is thrown away. */
  #mute(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const remoteAddress = request.socket.remoteAddress ?? 'unknown';
    this.#mutedTelemetry.report({ remoteAddress, hint: MUTED_HINT });
    const endWaiting = this.#authenticator.beginMuted();
    socket.once('close', endWaiting);
    this.#mutedSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#hold(webSocket, socket, remoteAddress);
      webSocket.on('message', () => undefined);
    });
  }

  #receiveTelemetry(webSocket: WebSocket): void {
    webSocket.on('message', (data, isBinary) => {
      const frame = isBinary ? readTelemetry(data as Buffer) : undefined;
      if (frame !== undefined) this.#options.onTelemetry?.(frame.signal, frame.body);
    });
  }

  #wait(webSocket: WebSocket, socket: Duplex, link: SocketLink, address: string): void {
    const endWaiting = this.#authenticator.beginWaiting();
    webSocket.on('close', endWaiting);
    awaitToken({
      webSocket,
      socket,
      link,
      clock: this.#options.clock,
      limits: this.#limits,
      login: (token) => this.#authenticator.login(token, address),
      onAuthenticated: (token) => {
        endWaiting();
        this.#serve(webSocket, link, address, token);
      },
    });
  }

  #serve(
    webSocket: WebSocket,
    link: SocketLink,
    remoteAddress: string,
    token: AcceptedToken | null,
  ): void {
    const { clock, log, openSession, onTelemetry } = this.#options;
    const info = { remoteAddress, role: token?.role ?? null, tokenName: token?.name ?? null };
    serveSession({ webSocket, link, info, openSession, onTelemetry, clock, log });
  }
}

function serverOptions(limits: GatewayLimits): ServerOptions {
  return {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.maxFrameBytes,
    maxFragments: limits.maxFragments,
    maxBufferedChunks: limits.maxBufferedChunks,
    skipUTF8Validation: false,
    autoPong: true,
    // frames of one read are handled in one turn, so that their answers leave in one write
    allowSynchronousEvents: true,
  };
}

/** Answers an upgrade request with a status and at most a sentence, and closes. */
function answer(socket: Duplex, status: number, body: string): void {
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'Connection: close',
      ...(body === '' ? [] : ['Content-Type: text/plain']),
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}
