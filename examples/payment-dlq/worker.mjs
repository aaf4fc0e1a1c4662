import { createServer } from 'node:http';
import { registerWorker } from 'iii-engine/sdk';

const iii = registerWorker();
const gateway = { isUp: false, charged: [] };

/** Stands for a payment gateway somewhere else, which is down at first. */
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    if (!gateway.isUp) {
      const error = { code: 'gateway_down', message: 'the payment gateway is down' };
      response.writeHead(503, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error }));
      return;
    }
    gateway.charged.push(JSON.parse(body).transaction_id);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"charged":true}');
  });
});

server.listen(0, '127.0.0.1', () => {
  // The engine calls the gateway itself; this worker only says where it is.
  iii.registerFunction('payments::charge', {
    url: `http://127.0.0.1:${server.address().port}/charges`,
    method: 'POST',
    timeout_ms: 5000,
  });
});

iii.registerFunction('gateway::repair', () => {
  gateway.isUp = true;
});
iii.registerFunction('gateway::charged', () => gateway.charged);

process.once('SIGTERM', () => {
  server.close();
  void iii.shutdown();
});
