import { describe, expect, it } from 'vitest';
import { startEngine } from '../../support/engine-fixture.ts';

describe('engine::log functions', () => {
  it('write into the log of the engine, and call log triggers of that level or all', async () => {
    const { worker, admin, advance, logged } = await startEngine();
    const w = worker();
    w.onDelivery = () => ({});
    w.offer('all', 'warnings');
    w.bind('log', 'all', { level: 'all', severity_min: 0 });
    w.bind('log', 'warnings', { level: 'warn' });
    const input = { message: 'low on paper', data: { tray: 2 }, service_name: 'printer' };
    expect(await admin('engine::log::warn', input)).toBeUndefined();
    expect(logged.at(-1)).toMatchObject({
      fields: { service: 'printer', text: 'low on paper', data: { tray: 2 } },
    });
    await admin('engine::log::trace', { message: 'tick' });
    await advance();
    expect(w.seen('warnings')).toEqual([
      {
        timestamp_unix_nano: Date.UTC(2026, 0, 1) * 1e6,
        observed_timestamp_unix_nano: Date.UTC(2026, 0, 1) * 1e6,
        severity_number: 13,
        severity_text: 'WARN',
        body: 'low on paper',
        attributes: { 'log.data': { tray: 2 } },
        trace_id: null,
        span_id: null,
        resource: {},
        service_name: 'printer',
      },
    ]);
    expect(w.seen('all')).toMatchObject([{ severity_number: 13 }, { severity_number: 1 }]);
  });

  it('need a message', async () => {
    const { admin } = await startEngine();
    await expect(admin('engine::log::info', {})).rejects.toThrow('message is required');
  });

  it('have triggers only of levels that there are', async () => {
    const { worker } = await startEngine();
    const w = worker();
    w.bind('log', 'f', { level: 'loud' });
    expect(w.sent.at(-1)).toMatchObject({
      error: { message: 'level must be one of all, trace, debug, info, warn, error' },
    });
  });
});
