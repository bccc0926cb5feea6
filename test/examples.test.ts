import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { backendNamed } from '../src/backends/choose.ts';
import { driftBetween } from '../src/backends/drift.ts';
import { creation as iptablesCreation, iptablesTables } from '../src/backends/iptables/render.ts';
import type { Variant } from '../src/backends/iptables/rules.ts';
import { observeFence } from '../src/backends/listing.ts';
import { creation, nftTable } from '../src/backends/nftables/render.ts';
import { listingOf } from '../src/backends/nftables/scratch.ts';
import { script } from '../src/backends/nftables/script.ts';
import { createNamespace } from '../src/lab/namespace.ts';
import { compile } from '../src/plan/compile.ts';
import type { Plan } from '../src/plan/plan.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { realSystem } from '../src/system/real.ts';
import { expectGolden } from './support/goldens.ts';
import { namespacedSystem } from './support/namespaced-system.ts';
import { needs } from './support/needs.ts';
import { sampleFacts } from './support/samples.ts';

const root = fileURLToPath(new URL('../examples/', import.meta.url));
const cases = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(`${root}${entry.name}/policy.yaml`))
  .map(({ name }) => name);

function planOf(name: string): Plan {
  const file = `${root}${name}/policy.yaml`;
  const { policy } = parsePolicy({ text: readFileSync(file, 'utf8'), file });
  const own = `${root}${name}/facts.json`;
  const facts = existsSync(own) ? { ...sampleFacts, ...JSON.parse(readFileSync(own, 'utf8')) } : sampleFacts;
  return compile(policy, facts);
}

const rulesetOf = (name: string): readonly string[] => creation(nftTable(planOf(name)));
const iptablesOf = (name: string, variant: Variant = 'nft'): readonly string[] =>
  iptablesCreation(iptablesTables(planOf(name), { by: 'interface' }), variant);

describe('an example', () => {
  test.each(cases)('%s compiles to its expected.nft and expected.iptables, and is explained', (name) => {
    expectGolden(`${root}${name}/expected.nft`, script(rulesetOf(name)));
    expectGolden(`${root}${name}/expected.iptables`, script(iptablesOf(name)));
    expect(readFileSync(`${root}${name}/README.md`, 'utf8')).toMatch(/^# \S/);
  });
});

needs(
  'root',
  'nft',
  'unshare',
)('an example in the kernel', () => {
  test.each(cases)('%s loads and reads back as what was sent', async (name) => {
    const lines = rulesetOf(name);
    const namespace = await createNamespace();
    const system = await namespacedSystem(namespace);
    try {
      await namespace.expect(['nft', '-f', '-'], { input: script(lines) });
      expect(driftBetween(await listingOf(realSystem, lines), await observeFence(system))).toEqual([]);
      await namespace.expect(['nft', 'add', 'rule', 'inet', 'portfence', 'confine', 'accept']);
      expect(driftBetween(await listingOf(realSystem, lines), await observeFence(system))).toHaveLength(1);
    } finally {
      await namespace.close();
      await system.close();
    }
  });
});

needs(
  'root',
  'iptables',
  'unshare',
)('an example in the tables of iptables', () => {
  test.each(cases.flatMap((name) => (['iptables-nft', 'iptables-legacy'] as const).map((id) => [name, id] as const)))(
    '%s loads with %s and reads back as what was sent',
    async (name, id) => {
      const backend = await backendNamed(realSystem, id);
      const lines = iptablesOf(name, id === 'iptables-nft' ? 'nft' : 'legacy');
      const namespace = await createNamespace();
      const system = await namespacedSystem(namespace);
      try {
        for (const { commit, lines: own } of backend.parts(lines))
          await namespace.expect(commit, { input: script(own) });
        const wanted = await backend.wanted(realSystem, lines);
        const drift = async () => backend.drift(wanted, await backend.observe(system));
        expect(await drift()).toEqual([]);
        await namespace.expect([id, '-t', 'nat', '-A', 'PORTFENCE-host', '-j', 'ACCEPT']);
        expect(await drift()).toHaveLength(1);
        await namespace.expect([id, '-t', 'nat', '-I', 'POSTROUTING', '-j', 'ACCEPT']);
        expect(await drift()).toHaveLength(2);
        const present = await backend.observe(system);
        for (const { commit, lines: own } of backend.parts(backend.replacement(lines, present, wanted))) {
          await namespace.expect(commit, { input: script(own) });
        }
        expect(await drift()).toEqual([]);
      } finally {
        await namespace.close();
        await system.close();
      }
    },
  );
});
