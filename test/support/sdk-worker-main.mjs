// A worker process of an SDK, driven by its parent over IPC. Plain JavaScript, as users run it.
import { randomUUID } from 'node:crypto';

const { specifier, observability, url, options } = JSON.parse(process.argv[2]);
const { registerWorker, TriggerAction } = await import(specifier);
const telemetry = observability === null ? null : await import(observability);
const sdk = registerWorker(url, {
  ...options,
  onProblem: ({ message }) => process.stderr.write(`${message}\n`),
});
const functions = new Map();
const triggers = new Map();
const gates = new Map();

const report = (event) => process.send(event);

/** What a function does with a call. */
const behaviours = {
  echo: ({ data }) => data,
  member: ({ data, argument }) => data[argument],
  nothing: () => undefined,
  null: () => null,
  fail: () => {
    throw new Error('boom');
  },
  fail_times: ({ calls, argument }) => {
    if (calls <= argument) throw new Error(`failure ${calls}`);
    return 'mended';
  },
  hang: () => new Promise(() => {}),
  gate: ({ key }) => new Promise((resolve) => gates.set(key, resolve)),
  forward: async ({ data, argument }) => {
    const { queue, functionId } = argument;
    return sdk.trigger({
      function_id: functionId,
      payload: { ...data, forwarded: true },
      action: TriggerAction.Enqueue({ queue }),
    });
  },
};

/** What comes beside the data: the metadata, or in ours all there is to know of the call. */
function readContext(context) {
  if (telemetry !== null) {
    return { metadata: context ?? null, traceId: telemetry.currentTraceId() ?? null };
  }
  const { metadata, job, traceparent } = context;
  return {
    metadata: job === null ? metadata : { ...metadata, 'iii.job': job },
    traceId: traceparent?.split('-')[1] ?? null,
  };
}

function register({ functionId, behaviour, argument, positional }) {
  let calls = 0;
  const handler = async (data, context) => {
    const { metadata, traceId } = readContext(context);
    calls += 1;
    const key = randomUUID();
    report({
      event: 'call',
      functionId,
      key,
      data,
      isUndefined: data === undefined,
      metadata,
      traceId,
    });
    return behaviours[behaviour]({ data, metadata, calls, argument, key });
  };
  const ref = positional
    ? sdk.registerFunction(functionId, handler, { description: 'a test function' })
    : sdk.registerFunction({ id: functionId, description: 'a test function' }, handler);
  functions.set(functionId, ref);
}

/** Provides a kind of event; what happens to its bindings is reported like calls. */
function provide({ triggerType }) {
  const tell = (happened) => async (data) => {
    const functionId = `${triggerType} ${happened}`;
    report({ event: 'call', functionId, key: randomUUID(), data, metadata: null });
  };
  sdk.registerTriggerType(
    { id: triggerType, description: 'a test type' },
    { registerTrigger: tell('bound'), unregisterTrigger: tell('unbound') },
  );
}

/** Offers a function that is called over HTTP. */
function registerHttp({ functionId, invocation, positional }) {
  if (positional) sdk.registerFunction(functionId, invocation);
  else sdk.registerFunction({ id: functionId }, invocation);
}

const operations = {
  register,
  registerHttp,
  provide,
  unregister: ({ functionId }) => {
    functions.get(functionId).unregister();
    functions.delete(functionId);
  },
  trigger: ({
    functionId,
    payload,
    noPayload,
    queue,
    isVoid,
    timeoutMs,
    metadata,
    options: more,
  }) => {
    const request = { function_id: functionId, payload: noPayload ? undefined : payload };
    if (queue !== undefined) request.action = { ...TriggerAction.Enqueue({ queue }), ...more };
    if (isVoid) request.action = TriggerAction.Void();
    if (timeoutMs !== undefined) request.timeoutMs = timeoutMs;
    if (metadata !== undefined) request.metadata = metadata;
    return sdk.trigger(request);
  },
  traced: async ({ functionId, queue }) =>
    telemetry.withSpan('caller', {}, async () => {
      const action = TriggerAction.Enqueue({ queue });
      await sdk.trigger({ function_id: functionId, payload: {}, action });
      return telemetry.currentTraceId();
    }),
  list: ({ helper }) => sdk[helper](),
  registerTrigger: ({ trigger }) => {
    const key = randomUUID();
    triggers.set(key, sdk.registerTrigger(trigger));
    return key;
  },
  unregisterTrigger: ({ key }) => triggers.get(key).unregister(),
  open: ({ key }) => gates.get(key)('opened'),
  // ours waits for what runs, unless told not to
  shutdown: () => sdk.shutdown({ graceMs: 0 }),
};

process.on('message', async ({ id, operation, input }) => {
  try {
    const result = await operations[operation](input);
    report({ id, result, isUndefined: result === undefined, isNull: result === null });
  } catch (thrown) {
    const failure = typeof thrown === 'object' ? thrown : { message: String(thrown) };
    const { code, message, function_id } = failure;
    report({
      id,
      error: { code, message, functionId: function_id, isError: thrown instanceof Error },
    });
  }
});
report({ event: 'started' });
