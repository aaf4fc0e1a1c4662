import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/*
 * The ceiling: a WebSocket server that sends every frame back and does nothing else, in a process of
 * its own. On `/` the frame goes back as it came; on `/json` it is read and written again, as any
 * server that looks at its frames must. Prints its port when it listens.
 */

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });

server.on('connection', (socket: WebSocket, request) => {
  const transport = request.socket;
  const readsJson = request.url === '/json';
  let corked = false;
  const uncork = (): void => {
    corked = false;
    transport.uncork();
  };
  socket.on('message', (data: Buffer) => {
    if (!corked) {
      corked = true;
      transport.cork();
      process.nextTick(uncork);
    }
    const text = data.toString();
    socket.send(readsJson ? JSON.stringify(JSON.parse(text)) : text);
  });
});

server.on('listening', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});

process.on('disconnect', () => {
  process.exit(0);
});
