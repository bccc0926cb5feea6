import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import process from 'node:process';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openConnections, type Probe, type ProbeResult, spreadPorts } from '../../src/lab/connections.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { mirrorAddress, PEER } from '../../src/lab/topology.ts';
import { hasPort, portSet } from '../../src/ports.ts';
import { LAB, needs } from '../support/needs.ts';

const allowed = portSet({ from: 49_152, to: 61_000 });
const BRIDGE = { name: 'br-0123456789ab', ipv4: '172.18.0.1/16', ipv6: 'fd00:172:18::1/64', masquerade: true } as const;

/** Another origin gets another destination: NAT moves a port that is taken towards the same one. */
function everyKind(sourcePorts: Probe['sourcePorts'], to: { ipv4: string; ipv6: string } = PEER): Probe[] {
  return (['tcp', 'udp'] as const).flatMap((protocol) =>
    [to.ipv4, to.ipv6].map((host) => ({
      protocol,
      to: { host, port: ECHO_ADDRESS_PORT },
      sourcePorts,
      timeoutMs: 1_500,
    })),
  );
}
const answeredIn = (results: readonly ProbeResult[]): number =>
  results.filter(({ outcome }) => outcome === 'answered').length;

/** The network namespaces that any process of the machine lives in. */
async function inhabited(): Promise<Set<string>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const links = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/net`).catch(() => '')));
  return new Set(links);
}

needs(...LAB)('a testbed without a fence', () => {
  let testbed: Testbed;
  beforeAll(async () => {
    testbed = await buildTestbed({ allowed, mirrors: 2 });
  });
  afterAll(() => testbed?.close());

  test('loses 58 % of the connections from the ports that Linux hands out, whoever opens them', async () => {
    const guest = await (await testbed.addBridge(BRIDGE)).addGuest();
    for (const from of [testbed.host, guest]) {
      await testbed.acl.reset();
      const results = await openConnections(from, everyKind(spreadPorts(50), from === guest ? mirrorAddress(0) : PEER));
      expect(results.flatMap(({ error }) => error ?? [])).toEqual([]);
      expect(answeredIn(results)).toBe(4 * 21);
      const { cells } = await testbed.acl.counters();
      for (const { protocol, outOfRange, strayPorts, sourcePorts } of cells) {
        if (protocol === 'sctp') continue;
        expect(outOfRange).toBeGreaterThanOrEqual(29);
        expect(strayPorts).toHaveLength(29);
        expect(sourcePorts).toHaveLength(50);
      }
    }
  });

  test('answers from the host with its address, and hides a masqueraded guest behind it', async () => {
    const port = 50_123;
    const bridge = await testbed.addBridge({
      ...BRIDGE,
      name: 'br-ba9876543210',
      ipv4: '172.19.0.1/16',
      ipv6: 'fd00:172:19::1/64',
    });
    const guest = await bridge.addGuest();
    for (const from of [testbed.host, guest]) {
      const [v4, v6] = await openConnections(
        from,
        everyKind([port], from === guest ? mirrorAddress(0) : PEER).slice(0, 2),
      );
      expect(v4?.seen).toEqual({ address: '10.0.1.10', port });
      expect(v6?.seen).toEqual({ address: 'fd00:1::10', port });
    }
  });

  test('shows only neighbouring ports when the kernel chooses them for one destination', async () => {
    const results = await openConnections(testbed.host, everyKind({ kernel: 60 }).slice(0, 1));
    const ports = results.flatMap(({ seen }) => (seen ? [seen.port] : []));
    if (ports.length > 1) expect(Math.max(...ports) - Math.min(...ports)).toBeLessThan(2_000);
    expect(ports.every((port) => hasPort(allowed, port))).toBe(true);
  });

  test('has mirrors that answer from their own address', async () => {
    const probe: Probe = {
      protocol: 'udp',
      to: { host: '203.0.113.12', port: 53 },
      sourcePorts: [50_001],
      timeoutMs: 1_000,
    };
    expect((await openConnections(testbed.host, [probe]))[0]?.outcome).toBe('answered');
  });
});

needs(...LAB)('testbeds', () => {
  test('side by side do not disturb each other, and have a second uplink on demand', async () => {
    const testbeds = await Promise.all([
      buildTestbed({ allowed }),
      buildTestbed({ allowed: portSet({ from: 1024, to: 65_535 }), uplinks: 2 }),
    ]);
    try {
      const [narrow, wide] = await Promise.all(
        testbeds.map((testbed) => openConnections(testbed.host, everyKind([40_000]))),
      );
      expect(answeredIn(narrow ?? [])).toBe(0);
      expect(answeredIn(wide ?? [])).toBe(4);
      const second: Probe = {
        protocol: 'tcp',
        to: { host: PEER.second.ipv6, port: ECHO_ADDRESS_PORT },
        sourcePorts: [40_001],
        timeoutMs: 1_500,
      };
      expect((await openConnections(testbeds[1].host, [second]))[0]?.seen).toEqual({
        address: 'fd00:3::10',
        port: 40_001,
      });
    } finally {
      await Promise.all(testbeds.map((testbed) => testbed.close()));
    }
  });

  test('leave no process and no namespace behind when closed', async () => {
    const before = await inhabited();
    const testbed = await buildTestbed({ allowed });
    const own = await readlink(testbed.host.path);
    expect(await inhabited()).toContain(own);
    await testbed.close();
    expect(await inhabited()).not.toContain(own);
    expect(before).not.toContain(own);
  });

  test('vanish when their process is killed', async () => {
    const script = `
      import { buildTestbed } from ${JSON.stringify(new URL('../../dist/lab/testbed.js', import.meta.url).href)};
      import { readlinkSync } from 'node:fs';
      const testbed = await buildTestbed({ allowed: [{ from: 49152, to: 61000 }] });
      console.log(JSON.stringify([testbed.host, testbed.router, testbed.peer].map(({ path }) => readlinkSync(path))));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [Buffer];
    const own = JSON.parse(line.toString('utf8')) as string[];
    expect(own).toHaveLength(3);
    child.kill('SIGKILL');
    await vi.waitFor(
      async () => {
        const left = await inhabited();
        expect(own.filter((name) => left.has(name))).toEqual([]);
      },
      { timeout: 5_000, interval: 20 },
    );
  });
});
