import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNamespace, type Namespace } from '../../src/lab/namespace.ts';
import type { CommandResult } from '../../src/system/system.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { LAB, needs } from '../support/needs.ts';

/** As engines do it for a container: /proc/sys can't be written, and what can be stands elsewhere. */
const LIKE_A_CONTAINER =
  'mount --bind /proc/sys/net "$1" && mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && shift && exec "$@"';

needs(...LAB)('where /proc/sys is read-only', () => {
  let host: Namespace;
  let portfence: CommandLine;
  let folder: string;
  beforeAll(async () => {
    host = await createNamespace();
    portfence = await commandLine(host);
    folder = await mkdtemp(join(tmpdir(), 'portfence-proc-sys-'));
    await host.expect(['ip', 'link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'other']);
    await host.expect(['ip', 'link', 'set', 'uplink', 'up']);
    await host.expect(['ip', 'route', 'add', 'default', 'dev', 'uplink']);
  });
  afterAll(async () => {
    await portfence?.close();
    await host?.close();
    await rm(folder, { recursive: true });
  });
  const inContainer = (args: readonly string[], env: readonly string[]): Promise<CommandResult> => {
    const apart = ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', LIKE_A_CONTAINER, 'sh'] as const;
    return host.run([...apart, join(folder, 'net'), 'env', ...env, ...portfence.argv(args)]);
  };
  const range = async () =>
    (await host.expect(['cat', '/proc/sys/net/ipv4/ip_local_port_range'])).trim().replace('\t', '-');

  test('settings are written where PORTFENCE_PROC_SYS says, and an error names them without it', async () => {
    await host.expect(['mkdir', '-p', join(folder, 'net')]);
    const refused = await inContainer(['apply', '--ports', '49152-61000'], []);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('EROFS');
    expect(await range()).toBe('32768-60999');
    const where = [`PORTFENCE_PROC_SYS=${folder}`];
    expect(await inContainer(['apply', '--ports', '49152-61000'], where)).toMatchObject({ code: 0 });
    expect(await range()).toBe('49152-61000');
    expect(await inContainer(['remove'], where)).toMatchObject({ code: 0 });
    expect(await range()).toBe('32768-60999');
    expect(await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')).not.toContain('49152');
  });
});
