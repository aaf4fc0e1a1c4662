// A worker process of an SDK that answers HTTP requests. Plain JavaScript, as users run it.
const { specifier, positional, http: httpSpecifier, channels, url } = JSON.parse(process.argv[2]);
const { registerWorker, TriggerAction } = await import(specifier);
const { http } = await import(httpSpecifier);
const sdk = registerWorker(url, {
  otel: { enabled: false },
  reconnectionConfig: { initialDelayMs: 50, maxDelayMs: 200 },
  reconnectMs: 50,
  token: '',
});
const createChannel =
  channels === null
    ? () => sdk.createChannel()
    : await import(channels).then((helpers) => () => helpers.createChannel(sdk));

function register(id, handler) {
  if (positional) sdk.registerFunction(id, handler);
  else sdk.registerFunction({ id }, handler);
}

function route(id, config, handler) {
  register(id, handler);
  return sdk.registerTrigger({ type: 'http', function_id: id, config });
}

register('work', async () => ({ done: true }));
register('may', async ({ query_params }) => query_params.may === 'yes');
register('fill', async ({ writer }) => {
  writer.stream.write('through ');
  writer.stream.end('a channel');
  return { filled: true };
});

route('orders::create', { api_path: 'orders', http_method: 'post' }, async ({ body }) => {
  const action = TriggerAction.Enqueue({ queue: 'default' });
  const receipt = await sdk.trigger({ function_id: 'work', payload: body, action });
  return { status_code: 202, headers: { 'x-order': 'taken' }, body: receipt };
});
route('price', { api_path: '/price/:id' }, async ({ path_params, query_params }) => ({
  body: { id: path_params.id, currency: query_params.currency },
}));
route(
  'report',
  { api_path: '/report' },
  http(async (_request, response) => {
    response.status(201);
    response.headers({ 'content-type': 'text/plain' });
    for (let line = 0; line < 1_000; line++) response.stream.write(`line ${line}\n`);
    response.stream.end('end');
  }),
);
route('upload', { api_path: '/upload', http_method: 'PUT' }, async ({ body, request_body }) => {
  const bytes = await request_body.readAll();
  return { body: { length: bytes.length, last: bytes.at(-1), body } };
});
route('guarded', { api_path: '/guarded', condition_function_id: 'may' }, async () => ({
  body: 'in',
}));
route('failing', { api_path: '/failing' }, async () => {
  throw new Error('boom');
});
route('nothing', { api_path: '/nothing' }, async () => undefined);
route('piped', { api_path: '/piped' }, async () => {
  const { reader, writerRef } = await createChannel();
  const filling = sdk.trigger({ function_id: 'fill', payload: { writer: writerRef } });
  const bytes = await reader.readAll();
  return { body: { text: bytes.toString(), ...(await filling) } };
});
route(
  'hasty',
  { api_path: '/hasty' },
  http(async (_request, response) => {
    response.stream.write('hello ');
    response.stream.end('world');
    response.close();
  }),
);
const leaving = route('leaving', { api_path: '/leaving' }, async () => ({ body: 'here' }));

process.on('message', async (message) => {
  if (message === 'unregister') leaving.unregister();
  // a call that is answered shows that everything said before has arrived
  await sdk.trigger({ function_id: 'work', payload: {} });
  process.send('done');
});
await sdk.trigger({ function_id: 'work', payload: {} });
process.send('ready');
