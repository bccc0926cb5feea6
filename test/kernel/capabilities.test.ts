import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Guest } from '../../src/lab/bridges.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import type { Argv } from '../../src/system/system.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { askSocket } from '../support/http-socket.ts';
import { LAB, needs } from '../support/needs.ts';
import { startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/images.md', import.meta.url)), 'utf8');
const PORTS = ['--ports', '49152-61000'];
const PATIENCE = { timeout: 20_000, interval: 100 };

/** The page's rows: a layer and its capabilities. */
const ROWS = [...PAGE.matchAll(/^\| (\w[^|]*) \| `[^|]*\| (`[A-Z_`, ]+`) \|$/gm)].map(
  ([, layer = '', capabilities = '']) => ({
    layer,
    capabilities: [...capabilities.matchAll(/[A-Z_]+/g)].map(([name]) => name),
  }),
);

needs(...LAB, 'conntrack')('a layer of the fence', () => {
  let testbed: Testbed;
  let guest: Guest;
  let portfence: CommandLine;

  /** Root of the machine with these capabilities and no others. */
  const only = (capabilities: readonly string[], argv: Argv): Argv => [
    ...([
      'setpriv',
      '--bounding-set',
      ['-all', ...capabilities.map((one) => `+${one.toLowerCase()}`)].join(),
      '--',
    ] as const),
    ...argv,
  ];
  const runs = async (capabilities: readonly string[], ...args: string[]): Promise<boolean> =>
    (await testbed.host.run(only(capabilities, portfence.argv(args)))).code === 0;
  const fence = () => portfence.run(['apply', ...PORTS]);
  /** What an agent with these capabilities has come to when it has looked once, or why it has ended. */
  const withAgent = async <T>(capabilities: readonly string[], see: (socket: string) => Promise<T>): Promise<T> => {
    const netns = join(portfence.folder, 'netns');
    // The guest's namespace is in the folder before the agent begins to look.
    const bind = `mkdir -p ${netns} && touch ${netns}/guest && mount --bind ${guest.path} ${netns}/guest && exec "$@"`;
    const enter = (argv: Argv): Argv =>
      testbed.host.enter(['unshare', '--mount', '--', 'sh', '-c', bind, 'sh', ...only(capabilities, argv)]);
    const agent = await startAgent({ enter }, portfence, [...PORTS, '--netns', netns], { ownMounts: false });
    const socket = join(portfence.folder, 'state/agent.sock');
    try {
      await vi.waitFor(async () => {
        const { state, counters } = JSON.parse((await askSocket(socket, '/api/status')).body) ?? {};
        expect(state === 'failing' || (state === 'inSync' && counters !== null)).toBe(true);
      }, PATIENCE);
      return await see(socket);
    } finally {
      await agent.stop();
    }
  };
  const LAYERS: Readonly<Record<string, (capabilities: readonly string[]) => Promise<boolean>>> = {
    'confine, guard': async (capabilities) =>
      (await runs(capabilities, 'apply', ...PORTS)) && (await portfence.json(['status'])).document['enforced'] === true,
    native: async (capabilities) => {
      await fence();
      return withAgent(capabilities, async (socket) => {
        const { native } = JSON.parse((await askSocket(socket, '/api/status')).body);
        const range = await guest.expect(['cat', '/proc/sys/net/ipv4/ip_local_port_range']);
        return native.given > 0 && range.trim() === '49152\t61000';
      });
    },
    'metrics of the fence': async (capabilities) => {
      await fence();
      const inSync = await withAgent(capabilities, async (socket) => {
        const { body } = await askSocket(socket, '/metrics');
        return /^portfence_in_sync 1$/m.test(body) && /^portfence_confined_packets_total \d+$/m.test(body);
      });
      const enforced = await runs(capabilities, 'status');
      expect(enforced, 'the agent and `status` need the same').toBe(inSync);
      return inSync;
    },
    'metrics of connections': async (capabilities) => {
      await fence();
      return runs(capabilities, 'flows');
    },
    verify: async (capabilities) => {
      await fence();
      return runs(capabilities, 'verify', '--connections', '3');
    },
  };

  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    const bridge = await testbed.addBridge({ name: 'docker0', ipv4: '172.17.0.1/16', masquerade: true });
    guest = await bridge.addGuest();
    portfence = await commandLine(testbed.host);
  });
  beforeEach(async () => {
    await portfence.run(['remove', '--now']);
    await guest.run(['sysctl', '-q', '-w', 'net.ipv4.ip_local_port_range=32768 60999']);
  });
  afterAll(async () => {
    await testbed?.close();
    await portfence?.close();
  });

  test('has a row on its page', () => {
    expect(ROWS.map(({ layer }) => layer)).toEqual(Object.keys(LAYERS));
  });

  test.each(ROWS)('$layer works with exactly $capabilities', async ({ layer, capabilities }) => {
    expect(await LAYERS[layer]?.(capabilities)).toBe(true);
  });

  test.each(ROWS.flatMap((row) => row.capabilities.map((without) => ({ ...row, without }))))(
    '$layer does not work without $without',
    async ({ layer, capabilities, without }) => {
      expect(await LAYERS[layer]?.(capabilities.filter((one) => one !== without))).toBe(false);
    },
  );
});
