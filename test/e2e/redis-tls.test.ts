import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EngineProcess, temporaryFolder } from '../support/engine-process.ts';
import { freePort, redisMissing, RedisServer } from '../support/redis-server.ts';

/** A certificate that signs itself, for this machine only. */
function makeCertificate(folder: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ],
    { stdio: 'ignore' },
  );
  return { cert, key };
}

describe('an engine on Redis over TLS', () => {
  const folder = temporaryFolder();
  let cert: string;
  let server: RedisServer;
  let config: string;
  beforeAll(async () => {
    if (redisMissing !== null) return;
    const made = makeCertificate(folder.path);
    cert = made.cert;
    const port = await freePort();
    server = await RedisServer.start([
      ...['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', made.key],
      ...['--tls-ca-cert-file', cert, '--tls-auth-clients', 'no'],
    ]);
    await server.command('ACL', 'SETUSER', 'iii', 'on', '>secret', '~iii:*', '&iii:*', '+@all');
    const url = `rediss://iii:secret@localhost:${port}`;
    config = `workers: [{ name: iii-queue, config: { adapter: { name: redis, config: { redis_url: '${url}' } } } }]\n`;
  });
  beforeEach(({ skip }) => {
    if (redisMissing !== null) skip(redisMissing);
  });
  afterAll(async () => {
    if (redisMissing === null) await server.stop();
    folder.remove();
  });

  it('starts where it knows the authority of the certificate', async () => {
    const env = { NODE_EXTRA_CA_CERTS: cert };
    const engine = await EngineProcess.start({ config, configuredStore: true, env });
    expect(engine.ready.store).toContain('redis');
    expect(await server.command('SMEMBERS', 'iii:queues')).toContain('default');
    await engine.close();
  });

  it('does not start where it does not, and says why', async () => {
    const { code, stderr } = await EngineProcess.startAndFail({ config, configuredStore: true });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/Redis at localhost:\d+ cannot be reached: self-signed certificate/);
    expect(stderr).not.toContain('secret');
  });
});
