import { afterEach, describe, expect, it } from 'vitest';
import { FakeEngine, fail } from '../support/fake-engine.ts';
import { subscription } from '../support/list-answers.ts';
import { runCli } from '../support/run-cli.ts';

let engine: FakeEngine;

afterEach(() => engine.stop());

const topics = [
  { topic: 'nobody', dropped: 4, subscriptions: [] },
  { topic: 'order.created', dropped: 0, subscriptions: [subscription] },
];

describe('iii topic list', () => {
  it('shows who is subscribed, what piled up, and what was dropped', async () => {
    engine = await FakeEngine.start({ 'iii::topic::list': () => ({ topics }) });
    const { status, stdout } = await runCli(['topic', 'list'], { url: engine.url });
    expect(status).toBe(0);
    expect(stdout.split('\n').map((line) => line.trimEnd())).toEqual([
      'TOPIC          FUNCTION     WAITING  DELAYED  IN FLIGHT  DEAD  WORKERS  DROPPED',
      'nobody         nobody                                                         4',
      'order.created  mails::send       12        0          0     2        0        0',
      '',
    ]);
  });

  it('gives scripts the topics with their subscriptions', async () => {
    engine = await FakeEngine.start({ 'iii::topic::list': () => ({ topics }) });
    const { stdout } = await runCli(['topic', 'list', '--json'], { url: engine.url });
    expect(JSON.parse(stdout)).toEqual(topics);
  });
});

describe('iii subscription list', () => {
  it('lists every subscription by itself', async () => {
    engine = await FakeEngine.start({ 'iii::topic::list': () => ({ topics }) });
    const { stdout } = await runCli(['subscription', 'list', '-o', 'name'], { url: engine.url });
    expect(stdout).toBe('order.created::mails::send\n');
  });
});

describe('iii topic unsubscribe', () => {
  const result = {
    topic: 'order.created',
    functionId: 'mails::send',
    unsubscribed: true,
    jobsLeft: 12,
  };

  it('says what stays behind', async () => {
    engine = await FakeEngine.start({ 'iii::topic::unsubscribe': () => result });
    const words = ['topic', 'unsubscribe', 'order.created', 'mails::send'];
    const { status, stdout } = await runCli(words, { url: engine.url });
    expect(status).toBe(0);
    expect(stdout).toBe('mails::send is unsubscribed from order.created; 12 jobs of it stay.\n');
  });

  it('ends 5 when there is no such subscription', async () => {
    engine = await FakeEngine.start({
      'iii::topic::unsubscribe': () => fail('NOT_FOUND', 'f is not subscribed to t'),
    });
    const { status } = await runCli(['topic', 'unsubscribe', 't', 'f'], { url: engine.url });
    expect(status).toBe(5);
  });
});

describe('iii publish', () => {
  it('sends the message as it was written', async () => {
    engine = await FakeEngine.start({ 'iii::durable::publish': () => null });
    const words = ['publish', 't', '--data', '{"n":9007199254740993}', '--json'];
    const { status, stdout } = await runCli(words, { url: engine.url });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ topic: 't', published: true });
    expect(engine.calls[0]?.dataText).toBe('{"topic":"t","data":{"n":9007199254740993}}');
  });

  const heard = { 'iii::durable::publish': () => null, 'iii::topic::list': () => ({ topics }) };

  it.each([['nobody'], ['never-heard-of']])(
    'says on stderr that %s has no subscriber',
    async (topic) => {
      engine = await FakeEngine.start(heard);
      const result = await runCli(['publish', topic, '--json'], { url: engine.url });
      expect(result).toEqual({
        status: 0,
        stdout: `{"topic":"${topic}","published":true}\n`,
        stderr: `Nobody is subscribed to ${topic}: the message was dropped. Subscriptions: iii topic list\n`,
      });
    },
  );

  it('says no more than that it is published where somebody is subscribed', async () => {
    engine = await FakeEngine.start(heard);
    const result = await runCli(['publish', 'order.created'], { url: engine.url });
    expect(result).toEqual({ status: 0, stdout: 'Published to order.created.\n', stderr: '' });
  });

  it('says nothing of subscribers to a caller who may publish and not ask', async () => {
    engine = await FakeEngine.start({
      ...heard,
      'iii::topic::list': () => fail('NOT_ALLOWED', 'a token of a worker may not'),
    });
    const result = await runCli(['publish', 'nobody'], { url: engine.url });
    expect(result).toEqual({ status: 0, stdout: 'Published to nobody.\n', stderr: '' });
  });
});

describe('iii trigger-type list', () => {
  it('shows the kinds of events and who provides them', async () => {
    const type = { id: 'queue', description: 'Messages of a topic', worker_name: 'engine' };
    engine = await FakeEngine.start({
      'engine::trigger-types::list': () => ({ trigger_types: [type] }),
    });
    const { stdout } = await runCli(['trigger-type', 'list', '--json'], { url: engine.url });
    expect(JSON.parse(stdout)).toEqual([type]);
  });
});
