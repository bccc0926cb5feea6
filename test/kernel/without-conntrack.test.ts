import { afterEach, beforeEach, expect, test } from 'vitest';
import { PEER } from '../../src/lab/topology.ts';
import { apply } from '../../src/reconcile/apply.ts';
import { fenceStatus } from '../../src/reconcile/fence-status.ts';
import { remove } from '../../src/reconcile/remove.ts';
import { readState, stateFolder } from '../../src/reconcile/state.ts';
import { survey } from '../../src/reconcile/survey.ts';
import { removedText } from '../../src/report/removed.ts';
import type { System } from '../../src/system/system.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL, seenFrom } from '../support/fenced-testbed.ts';
import { echoServer, holdConnections } from '../support/held-connections.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const TABLE = '/proc/net/nf_conntrack';
const GONE = { code: 127, stdout: '', stderr: 'spawn conntrack ENOENT' };

/** A host without conntrack(8); `listsFlows`: its kernel has /proc/net/nf_conntrack. */
const without = (system: System, { listsFlows }: { listsFlows: boolean }): System => ({
  ...system,
  run: async (argv, options) => (argv[0] === 'conntrack' ? GONE : system.run(argv, options)),
  runBytes: async (argv, ...rest) => (argv[0] === 'conntrack' ? GONE : system.runBytes(argv, ...rest)),
  readText: async (path, most) => (path === TABLE && !listsFlows ? undefined : system.readText(path, most)),
  readBytes: async (path, ...rest) => (path === TABLE && !listsFlows ? false : system.readBytes(path, ...rest)),
});

needs(...LAB)('a host without conntrack', () => {
  let fenced: FencedTestbed;
  const notes: string[] = [];
  const say = (line: string) => void notes.push(line);
  const fence = (system: System) => apply(system, { policy: () => samplePolicy, say });

  beforeEach(async () => {
    notes.length = 0;
    fenced = await fencedTestbed(OPEN_ACL);
  });
  afterEach(() => fenced?.close());

  test.each([true, false])('is fenced, shown and released; its kernel lists flows: %s', async (listsFlows) => {
    const system = without(fenced.system, { listsFlows });
    // Tracked from here on, and never answered.
    await fenced.testbed.host.expect([
      'sh',
      '-c',
      'printf "table ip t { chain c { type filter hook output priority 0; ct state new accept; }; }\\n" | nft -f -',
    ]);
    await fenced.testbed.peer.expect([
      'sh',
      '-c',
      'printf "table inet deaf { chain c { type filter hook input priority 0; tcp dport 7778 drop; }; }\\n" | nft -f -',
    ]);
    await seenFrom(fenced.testbed.host, [40_001], { port: 7778, timeoutMs: 300 });
    expect(await fence(system)).toMatchObject({ changed: true, hanging: { dropped: 0, left: 0 } });
    const which = listsFlows ? '1 connections that may hang' : 'connections that hang';
    expect(notes).toEqual([expect.stringContaining(`conntrack is missing: ${which}`)]);
    const state = await readState(system, await stateFolder(system));
    const found = await survey(system, { policy: () => samplePolicy, state });
    expect(await fenceStatus(system, found, state)).toMatchObject({ enforced: true, shortage: { destinations: [] } });

    const server = await echoServer(fenced.testbed.peer, 7777);
    const held = await holdConnections(fenced.testbed.host, {
      ...{ host: PEER.ipv4, port: 7777, protocol: 'tcp', sourcePorts: [40_100] },
    });
    const removed = await remove(system, { now: false, say });
    expect(removed).toMatchObject({ changed: true, draining: listsFlows ? 1 : null });
    expect(removedText(removed)[0]).toMatch(listsFlows ? /while 1 mapped/ : /without conntrack\(8\)/);
    expect(await held.alive()).toBe(1);
    await held.close();
    await server.close();
    expect(await remove(system, { now: true, say })).toMatchObject({ draining: 0 });
    expect(await fenced.testbed.host.expect(['nft', 'list', 'tables'])).not.toContain('portfence');
  });

  test('is released at once where nothing was ever tracked', async () => {
    const system = without(fenced.system, { listsFlows: false });
    await fence(system);
    expect(await remove(system, { now: false, say })).toMatchObject({ changed: true, draining: 0 });
  });
});
