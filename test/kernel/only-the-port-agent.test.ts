import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { observeLinks } from '../../src/observe/links.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type CorpusCase, corpus } from '../support/corpus.ts';
import { echoesOf } from '../support/corpus-echoes.ts';
import { type CorpusTestbed, corpusTestbed } from '../support/corpus-testbed.ts';
import { faultsOf, hostAddresses, loadRules, sendAll, trialsOf, withChosenPorts } from '../support/corpus-trials.ts';
import { namespacedSystem } from '../support/namespaced-system.ts';
import { CORPUS, needs } from '../support/needs.ts';
import { startAgent } from '../support/running-agent.ts';

/** One of each kind of rules: who makes them, in which tool, and what they ask. */
const CASES: ReadonlySet<string> = new Set([
  'aws-vpc-cni',
  'chains-95-110',
  'cni-bridge-ipmasq',
  'docker-default',
  'docker-nft',
  'docker-no-masquerade',
  'docker-own-snat',
  'docker-user-exceptions',
  'firewalld-masquerade',
  'flannel-host-gw',
  'ipvs-masq',
  'kube-proxy-iptables',
  'kube-proxy-nft',
  'lxd-routed6',
  'nft-by-hand',
  'owner-iptables',
  'podman-netavark-nft',
  'routed-nothing',
  'tailscale-exit',
  'two-uplinks-snat',
  'vpn-server',
]);
const PATIENCE = { timeout: 30_000, interval: 100 };

needs(...CORPUS)('only the port changes while the agent runs', () => {
  const cases = corpus().filter(({ name }) => CASES.has(name));
  test('every case that is named is there', () => expect(cases).toHaveLength(CASES.size));
  for (const one of cases) {
    test.concurrent(`${one.name}: rules that come later are followed as those that stood before`, async () => {
      const testbed = await corpusTestbed(one);
      const portfence = await commandLine(testbed.host);
      try {
        expect(await faultsLater(testbed, one, portfence)).toEqual([]);
      } finally {
        await testbed.close();
        await portfence.close();
      }
    });
  }
});

async function faultsLater(
  testbed: CorpusTestbed,
  one: CorpusCase,
  portfence: CommandLine,
): Promise<readonly string[]> {
  const { host, machines } = testbed;
  const trials = trialsOf(one);
  await loadRules(testbed, one, 'nftables');
  const before = await sendAll(machines, trials, { hold: false });
  const echoesBefore = await echoesOf(testbed, one);
  await host.expect(['nft', 'flush', 'ruleset']);
  const folders = ['--netns', join(portfence.folder, 'netns'), '--docker-host', `unix://${portfence.folder}/no-docker`];
  const args = ['--ports', '49152-61000', '--backend', 'nftables', ...folders];
  const agent = await startAgent(host, portfence, args, { ownMounts: true });
  try {
    const inForce = async () => expect((await portfence.json(['status'])).document).toMatchObject(IN_FORCE);
    await vi.waitFor(inForce, PATIENCE);
    await loadRules(testbed, one, 'nftables');
    await vi.waitFor(inForce, PATIENCE);
    const ways = withChosenPorts(trials, machines, 0);
    const after = await sendAll(machines, ways, { hold: false });
    expect(await echoesOf(testbed, one)).toEqual(echoesBefore);
    const { document } = await portfence.json(['status']);
    const seen = { machines, hosts: await addressesOf(testbed), named: namesIn(document) };
    return ways.flatMap((way, i) =>
      faultsOf(way, { ...seen, before: before[trials.indexOf(way.trial)], after: after[i] }),
    );
  } finally {
    await agent.stop();
  }
}

/** What `status` says once the fence is as planned for the rules that stand. */
const IN_FORCE = { enforced: true, drift: [] };

async function addressesOf({ host }: CorpusTestbed): Promise<readonly string[]> {
  const system = await namespacedSystem(host);
  try {
    return hostAddresses({ links: await observeLinks(system) });
  } finally {
    await system.close();
  }
}

function namesIn(document: Record<string, unknown>): readonly string[] {
  const { unfollowed, natBeforeOurs } = document as {
    readonly unfollowed: readonly { readonly rule: string }[];
    readonly natBeforeOurs: readonly { readonly name: string }[];
  };
  return [...unfollowed.flatMap(({ rule }) => rule.split(/[\s:]/)), ...natBeforeOurs.map(({ name }) => name)];
}
