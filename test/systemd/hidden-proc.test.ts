import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NODE } from '../../src/lab/systemd-host.ts';
import { PEER } from '../../src/lab/topology.ts';
import type { Argv } from '../../src/system/system.ts';
import { echoServer, holdConnections } from '../support/held-connections.ts';
import { BOOT_PATIENCE, type InstalledHost, installedHost, PORTS, traces } from '../support/installed-host.ts';
import { needs, SYSTEMD } from '../support/needs.ts';

const AGENT = 'portfence-agent.service';
const DROP_IN = `/etc/systemd/system/${AGENT}.d`;
const PORT = 7777;
/** For how systemd mounts /proc for the agent, and for the machine's own mount. */
const HIDING = ['invisible', 'ptraceable'] as const;

needs(...SYSTEMD)('a host whose /proc hides the processes of others', () => {
  let place: InstalledHost;
  const closing: (() => Promise<unknown>)[] = [];
  /** Root without a right that it has by default. */
  const portfenceWithout = (capability: string, args: readonly string[]) =>
    place.host.run([
      ...['setpriv', `--bounding-set=-${capability}`, `--inh-caps=-${capability}`, '--'],
      // It may not see which network namespace is the host's own.
      ...['env', 'PORTFENCE_STATE_DIR=/run/portfence', NODE, '/opt/portfence/bin/portfence', ...args],
    ] as const);

  beforeAll(async () => {
    place = await installedHost();
    closing.push(() => place.close());
    await place.serve();
    const server = await echoServer(place.testbed.peer, PORT);
    closing.push(() => server.close());
    const inside = { enter: ([, ...rest]: Argv): Argv => place.host.enter([NODE, ...rest]) };
    const held = await holdConnections(inside, {
      ...{ host: PEER.ipv4, port: PORT, protocol: 'tcp', sourcePorts: [50_001, 50_002] },
    });
    closing.push(() => held.close());
    await place.host.expect(['mkdir', '-p', DROP_IN]);
  }, BOOT_PATIENCE);
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  describe.each(HIDING)('hidepid=%s', (hidepid) => {
    test('is fenced, and the confined agent gives containers the range', async () => {
      await place.host.expect(['mount', '-o', `remount,hidepid=${hidepid}`, '/proc']);
      await place.host.expect(['tee', `${DROP_IN}/proc.conf`], { input: `[Service]\nProtectProc=${hidepid}\n` });
      const { code, stderr } = await place.host.portfence(['install', 'systemd', ...PORTS]);
      expect(code, stderr).toBe(0);
      await place.systemctl('daemon-reload');
      await place.systemctl('restart', AGENT);
      const pid = await place.systemctl('show', '--value', '--property', 'MainPID', AGENT);
      for (const mounts of ['/proc/self/mounts', `/proc/${pid}/mounts`])
        expect(await place.host.expect(['grep', ' /proc proc ', mounts])).toContain(`hidepid=${hidepid}`);
      expect(await place.faults()).toEqual([]);
      expect((await place.json('status')).document).toMatchObject({ enforced: true, agent: { state: 'inSync' } });
    });

    test('programs and the agent are seen by root, and nothing false is said where they may not be seen', async () => {
      const question = ['why', `${PEER.ipv4}:${PORT}`];
      expect((await place.host.portfence(question)).stdout).toMatch(/on this host: \w+ \(pid \d+\), 2 sockets/);
      const blind = await portfenceWithout('sys_ptrace', question);
      expect(blind.stdout).toContain("on this host: programs that can't be seen from here");
      const status = await portfenceWithout('sys_ptrace', ['status', '--json']);
      expect(JSON.parse(status.stdout)).toMatchObject({ enforced: true, agent: { state: 'inSync' } });
    });
  });

  test('uninstall leaves nothing of it', async () => {
    await place.host.expect(['rm', '-r', DROP_IN]);
    expect(await place.host.portfence(['uninstall', '--now'])).toMatchObject({ code: 0 });
    expect(await traces(place)).toEqual([]);
  });
});
