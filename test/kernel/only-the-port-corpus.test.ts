import { expect, test } from 'vitest';
import type { BackendId } from '../../src/backends/backend.ts';
import { apply } from '../../src/reconcile/apply.ts';
import { fenceStatus } from '../../src/reconcile/fence-status.ts';
import { remove } from '../../src/reconcile/remove.ts';
import { type CorpusCase, corpus } from '../support/corpus.ts';
import { echoesOf } from '../support/corpus-echoes.ts';
import { type CorpusTestbed, corpusTestbed } from '../support/corpus-testbed.ts';
import {
  CORPUS_PORTS,
  cutAmong,
  faultsOf,
  hostAddresses,
  loadRules,
  sendAll,
  trialsOf,
  withChosenPorts,
} from '../support/corpus-trials.ts';
import { namespacedSystem } from '../support/namespaced-system.ts';
import { CORPUS, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const BACKENDS: readonly BackendId[] = ['nftables', 'iptables-nft', 'iptables-legacy'];

needs(...CORPUS)('only the port changes', () => {
  for (const one of corpus()) {
    test.concurrent(`${one.name}: every flow keeps its address, and gets a port in the range`, async () => {
      const testbed = await corpusTestbed(one);
      try {
        for (const backend of one.backends ?? BACKENDS) {
          expect({ backend, faults: await faultsWith(testbed, one, backend) }).toEqual({ backend, faults: [] });
        }
      } finally {
        await testbed.close();
      }
    });
  }
});

async function faultsWith(testbed: CorpusTestbed, one: CorpusCase, backend: BackendId): Promise<readonly string[]> {
  const { host, machines } = testbed;
  const system = await namespacedSystem(host);
  const trials = trialsOf(one);
  try {
    await host.expect(['nft', 'flush', 'ruleset']);
    await loadRules(testbed, one, backend);
    const before = await sendAll(machines, trials, { hold: true });
    const echoesBefore = await echoesOf(testbed, one);
    expect(echoesBefore.some((seen) => seen !== undefined)).toBe(true);
    const policy = { ...samplePolicy, ports: CORPUS_PORTS };
    const { survey, state } = await apply(system, { policy: () => policy, say: () => {}, backend });
    const cut = await cutAmong(machines, trials);
    // The kernel may choose a port again that a closed socket had, and a flow that it remembers keeps what it was mapped to.
    await host.run(['conntrack', '-F']);
    const ways = withChosenPorts(trials, machines, BACKENDS.indexOf(backend));
    const after = await sendAll(machines, ways, { hold: false });
    expect(await echoesOf(testbed, one)).toEqual(echoesBefore);
    const left = one.flows.some(({ unfollowed }) => unfollowed) ? await fenceStatus(system, survey, state) : undefined;
    const named = [
      ...(left?.unfollowed ?? []).flatMap(({ rule }) => rule.split(/[\s:]/)),
      ...(left?.natBeforeOurs ?? []).map(({ name }) => name),
    ];
    const faults = ways.flatMap((way, i) => {
      const seen = { before: before[trials.indexOf(way.trial)], after: after[i] };
      return faultsOf(way, { ...seen, machines, hosts: hostAddresses(survey.facts), named });
    });
    await remove(system, { now: true, say: () => {} });
    return [...cut, ...new Set(faults)];
  } finally {
    await system.close();
  }
}
