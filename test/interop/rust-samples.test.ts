import { expect, it } from 'vitest';
import { cargoWorkspace, rustSamples } from './rust-samples.ts';

it('every worker in Rust says with which SDK it was tried, and what it takes to compile it', () => {
  const versions = Object.fromEntries(
    rustSamples().map(({ name, sdkVersion }) => [name, sdkVersion]),
  );
  expect(versions).toEqual({
    'bulk-email': '0.11.6',
    ledger: '0.11.6',
    migration: '0.11.6',
    orders: '0.11.6',
    pipelines: '0.10.0',
  });
});

it('is one package of a workspace, so that what several need is compiled once', () => {
  const files = cargoWorkspace(rustSamples());
  expect(Object.keys(files)).toHaveLength(6);
  expect(files['Cargo.toml']).toContain('"orders"');
  expect(files['orders/Cargo.toml']).toMatch(/^dependencies = \{ iii-sdk = "=0\.11\.6", .*uuid/);
  expect(files['pipelines/Cargo.toml']).toContain('iii-sdk = "=0.10.0"');
});
