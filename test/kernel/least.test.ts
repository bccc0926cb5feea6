import { expect, test } from 'vitest';
import { nftLoad } from '../../src/backends/nftables/load.ts';
import { LEAST, whyNotNftables } from '../../src/backends/nftables/needs.ts';
import { script } from '../../src/backends/nftables/script.ts';
import { PortfenceError } from '../../src/errors.ts';
import { createNamespace } from '../../src/lab/namespace.ts';
import { realSystem } from '../../src/system/real.ts';
import { needs } from '../support/needs.ts';

needs(
  'root',
  'nft',
  'unshare',
)('the least that a fence needs of nft', () => {
  test('loads with the nft of this machine', async () => {
    const namespace = await createNamespace();
    try {
      await namespace.expect(nftLoad, { input: script(LEAST) });
      expect(await namespace.expect(['nft', 'list', 'ruleset'])).toContain('snat to :49152-61000');
    } finally {
      await namespace.close();
    }
  });

  test('is no reason against nftables where only our own rules are at fault', async () => {
    expect(await whyNotNftables(realSystem, new PortfenceError('KERNEL_REFUSED', 'a fault of ours'))).toBeUndefined();
  });
});
