import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { expect, test } from 'vitest';
import { createNamespace, type Namespace } from '../../src/lab/namespace.ts';
import type { SavedRules } from '../../src/nat/iptables/read.ts';
import { standingNat } from '../../src/nat/standing.ts';
import { PLATFORMS, platformFiles, platformText, standingText } from '../nat/platforms.ts';
import { needs } from '../support/needs.ts';

/** No ipset of theirs is in an empty namespace, so that the kernel refuses rules that ask for one. */
const NEEDS_SETS = /--match-set/;
const loadable = platformFiles('.save').filter((name) => !NEEDS_SETS.test(platformText(name)));

needs(
  'root',
  'nft',
  'iptables',
  'unshare',
)('rules that went through the real tools', () => {
  const inNamespace = async <T>(work: (namespace: Namespace) => Promise<T>): Promise<T> => {
    const namespace = await createNamespace();
    try {
      return await work(namespace);
    } finally {
      await namespace.close();
    }
  };

  test.each(loadable)('%s says the same as both variants of iptables list it', async (name) => {
    const before = standingText(standingNat({ saved: [saved('iptables-nft', platformText(name))] }));
    await inNamespace(async (namespace) => {
      for (const variant of ['nft', 'legacy'] as const) {
        await namespace.expect([`iptables-${variant}-restore`], { input: platformText(name) });
        const text = await namespace.expect([`iptables-${variant}-save`, '-t', 'nat']);
        expect(standingText(standingNat({ saved: [saved(`iptables-${variant}`, text)] }))).toBe(before);
      }
    });
  });

  test.each(platformFiles('.nft'))('%s is listed by this nft as it was when it was recorded', async (name) => {
    const listing = await inNamespace(async (namespace) => {
      await namespace.expect(['nft', '-f', '-'], { input: platformText(name) });
      return namespace.expect(['nft', '-j', 'list', 'ruleset']);
    });
    const recording = name.replace('.nft', '.json');
    if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(`${PLATFORMS}${recording}`, listing);
    const read = (ruleset: string) => standingText(standingNat({ saved: [], ruleset }));
    expect(read(listing)).toBe(read(platformText(recording)));
  });
});

const saved = (backend: SavedRules['backend'], text: string): SavedRules => ({ backend, family: 'ipv4', text });
