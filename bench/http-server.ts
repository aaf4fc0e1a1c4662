import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/*
 * The ceiling for HTTP: a bare `node:http` server that takes a body and answers with a receipt that is
 * none. Prints its port when it listens.
 */

const ANSWER = JSON.stringify({ receiptId: '00000000-0000-4000-8000-000000000000' });

const server = createServer((request, response) => {
  request.on('data', () => undefined);
  request.on('end', () => {
    const headers = { 'content-type': 'application/json', 'content-length': ANSWER.length };
    response.writeHead(202, headers).end(ANSWER);
  });
});

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});

process.on('disconnect', () => {
  process.exit(0);
});
