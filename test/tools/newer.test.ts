import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianTree } from '../../src/lab/debian-tree.ts';
import { LAB, needs } from '../support/needs.ts';
import { sidTree } from '../support/sid-tree.ts';
import { expectHangingDropped, expectVerified, type TreeHost, treeHost } from '../support/tree-host.ts';

const PORTS = ['--ports', '49152-61000'];
const trixieTree = () =>
  debianTree({
    ...{ cache: 'portfence-tools', suite: 'trixie', form: 1 },
    packages: ['nftables', 'iptables', 'conntrack', 'iproute2'],
  });
/** Milliseconds; the first run has to build the trees, one after the other. */
const BUILD_MS = 900_000;

/** Debian 13, and what comes after it. */
const TREES = [
  ['trixie', trixieTree],
  ['sid', sidTree],
] as const;

needs(
  ...LAB,
  'conntrack',
  'debootstrap',
)('the tools of newer Debians', () => {
  describe.each(TREES)('of %s', (_, tree) => {
    let place: TreeHost;
    const host = (...argv: [string, ...string[]]) => place.host(...argv);
    const run = (...args: string[]) => place.run(...args);

    beforeAll(async () => {
      place = await treeHost(await tree(), PORTS);
    }, BUILD_MS);
    afterAll(() => place?.close());

    test.each([
      ['nftables', undefined],
      ['iptables', 'nft'],
      ['iptables', 'legacy'],
    ] as const)(
      'hold a fence in %s (%s), show it, put it back after a flush, and remove it',
      async (backend, variant) => {
        const on = ['--backend', variant === undefined ? backend : `${backend}-${variant}`];
        const wanted = { enforced: true, backend, drift: [], ...(variant ? { backendVariant: variant } : {}) };
        expect(await run('apply', ...PORTS, ...on)).toMatchObject({ code: 0 });
        expect(await place.status()).toMatchObject(wanted);
        expect((await run('plan', ...PORTS, ...on)).stdout).toBe('');
        expect(await place.inRange(backend.length)).toBe(true);

        await host('nft', 'flush', 'ruleset');
        for (const tool of ['iptables-legacy', 'ip6tables-legacy']) await host(tool, '-t', 'nat', '-F');
        expect(await place.status()).toMatchObject({ enforced: false });
        expect((await run('apply', ...PORTS, ...on)).code).toBe(0);
        expect(await place.status()).toMatchObject(wanted);
        expect((await run('remove', '--now')).code).toBe(0);
        const left = [
          await host('nft', 'list', 'ruleset'),
          await host('iptables-legacy-save'),
          await host('ip6tables-legacy-save'),
        ];
        expect(left.join('').toLowerCase()).not.toContain('portfence');
      },
    );

    test('drop a connection that hangs, and leave an answered one', () => expectHangingDropped(place, PORTS));

    test('verify that everything leaves in range, and name a leak', () => expectVerified(place, PORTS));
  });
});
