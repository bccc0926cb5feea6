import process from 'node:process';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackendId } from '../../src/backends/backend.ts';
import type { Condition } from '../../src/nat/model.ts';
import type { Packet } from '../../src/plan/packet.ts';
import { isExpected, sourceAddress, sourceText } from '../../src/plan/source-address.ts';
import { walk } from '../../src/plan/walk.ts';
import { fitsAny } from '../../src/plan/wildcards.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { hasPort } from '../../src/ports.ts';
import { apply } from '../../src/reconcile/apply.ts';
import type { Survey } from '../../src/reconcile/survey.ts';
import type { RandomChains } from '../nat/random-rules.ts';
import { onEachBackend } from '../support/backends.ts';
import { namespacedSystem } from '../support/namespaced-system.ts';
import { type Left, type NatTestbed, natTestbed } from '../support/nat-testbed.ts';
import {
  anyTraffic,
  EVERYWHERE,
  natFlowOf,
  type RandomFlow,
  RECEIVERS,
  type Room,
  type Ruleset,
  SENDERS,
} from '../support/nat-traffic.ts';
import { samplePolicy } from '../support/samples.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_126);
const RULESETS = Number(process.env['FUZZ_RUNS'] ?? 4);
const FLOWS = 60;

/** Rules of iptables are asked first only among those of their own kind, and before nat chains of a later priority. */
const ROOMS: Readonly<Record<BackendId, Room>> = {
  nftables: EVERYWHERE,
  'iptables-nft': { tables: ['iptables'], priorities: [100], legacy: true },
  'iptables-legacy': { tables: [], priorities: [110], legacy: true },
};
/** 50,000 lies inside the range, the host hands out 40,000, and 20,000 is a port that a program on the host chose. */
const FIRST_PORTS = [20_000, 40_000, 50_000] as const;

const anyPolicyPart: fc.Arbitrary<Partial<Policy>> = fc.record({
  ports: fc.constantFrom(
    [{ from: 49_152, to: 61_000 }],
    [
      { from: 30_000, to: 31_999 },
      { from: 50_000, to: 50_999 },
    ],
  ),
  uplinks: fc.constantFrom('auto' as const, ['out0', 'out1'], ['out*']),
  host: fc.constantFrom('ephemeral' as const, 'all' as const),
  containers: fc.constantFrom(
    samplePolicy.containers,
    { ...samplePolicy.containers, interfaces: ['in1'] },
    { ...samplePolicy.containers, interfaces: ['in*'] },
  ),
});

onEachBackend(
  'only the port changes',
  ['root', 'nft', 'ip', 'iptables', 'unshare', 'sysctl', 'conntrack'],
  (flavour) => {
    let testbed: NatTestbed;
    let system: Awaited<ReturnType<typeof namespacedSystem>>;
    beforeAll(async () => {
      testbed = await natTestbed();
      system = await namespacedSystem(testbed.host);
    });
    afterAll(async () => {
      await testbed?.close();
      await system?.close();
    });

    const sent = async (rulesets: readonly Ruleset[], flows: readonly RandomFlow[], part: Partial<Policy> = {}) => {
      await testbed.host.run(['nft', 'delete', 'table', 'inet', 'portfence']);
      await testbed.load(rulesets);
      const before = await testbed.send(flows, 40_000);
      await testbed.host.run(['conntrack', '-F']);
      await apply(system, { policy: () => ({ ...samplePolicy, ...part }), say: () => {}, backend: flavour.backend });
      const after = await testbed.send(flows, 40_000);
      const addresses = (all: readonly (Left | undefined)[]) => all.map((left) => left?.address);
      return { before: addresses(before), after: addresses(after) };
    };

    test('what a chain accepts that rules jump to keeps its address, whatever its caller says next', async () => {
      const accepting: RandomChains = new Map([
        [
          'POSTROUTING',
          [
            { when: [from('10.1.0.0/16')], verdict: { do: 'jump', chain: 'ONE' } },
            { when: [to('192.0.2.10/32')], verdict: { do: 'accept' } },
            { when: [from('10.0.0.0/8')], verdict: { do: 'jump', chain: 'ONE' } },
            { when: [], verdict: { do: 'masquerade' } },
          ],
        ],
        [
          'ONE',
          [
            { when: [to('203.0.113.10/32')], verdict: { do: 'accept' } },
            { when: [to('203.0.113.11/32')], verdict: { do: 'snat', addresses: { from: SNAT, to: SNAT } } },
          ],
        ],
      ]);
      const flows = RECEIVERS.map(
        (receiver): RandomFlow => ({ ...{ family: 'ipv4', protocol: 17 }, from: SENDERS[0], to: receiver, port: 2000 }),
      );
      const { before, after } = await sent([ownTable(flavour.backend, accepting)], flows, { uplinks: ['out*'] });
      expect(before).toEqual([SENDERS[0].address, SNAT, SENDERS[0].address, '192.0.2.1']);
      expect(after).toEqual(before);
    });

    test('whatever NAT rules stand: the address is the one without the fence, and the one of the walk', async () => {
      const property = fc.asyncProperty(
        anyTraffic(ROOMS[flavour.backend], FLOWS),
        anyPolicyPart,
        fc.constantFrom(...FIRST_PORTS),
        async ({ family, rulesets, flows }, part, firstPort) => {
          await testbed.host.run(['nft', 'delete', 'table', 'inet', 'portfence']);
          await testbed.load(rulesets, family);
          const before = await testbed.send(flows, firstPort);
          expect(before).not.toContain(undefined);
          await testbed.host.run(['conntrack', '-F']);
          const policy = { ...samplePolicy, ...part };
          const { survey } = await apply(system, { policy: () => policy, say: () => {}, backend: flavour.backend });
          const after = await testbed.send(flows, firstPort);
          const found = flows.flatMap((flow, i) =>
            faultsOf({ flow, port: firstPort + i, before: before[i], after: after[i] }, { policy, survey }),
          );
          expect(found).toEqual([]);
        },
      );
      await fc.assert(property, { seed: SEED, numRuns: RULESETS, endOnFailure: true });
    }, 600_000);
  },
);

const SNAT = '198.51.100.77';
const to = (block: string): Condition => ({ test: 'destination', in: [block], is: true });
const from = (block: string): Condition => ({ test: 'source', in: [block], is: true });
/** A table that the backend's own rules come before. */
const ownTable = (backend: BackendId, chains: RandomChains): Ruleset => ({
  table: backend === 'iptables-legacy' ? 'legacy' : 'iptables',
  priority: 100,
  chains,
  extras: [],
});

interface Seen {
  readonly flow: RandomFlow;
  readonly port: number;
  readonly before: Left | undefined;
  readonly after: Left | undefined;
}
interface Fenced {
  readonly policy: Policy;
  readonly survey: Survey;
}

/** What of the promise does not hold for a flow. */
function faultsOf({ flow, port, before, after }: Seen, { policy, survey: { plan, facts } }: Fenced): readonly string[] {
  const { from, to } = flow;
  const packet = packetOf(flow, port);
  const walked = walk(plan, packet);
  const expected = sourceAddress(walked, packet, { links: facts.links });
  const isLeft = walked.fate.do === 'leave' && walked.fate.as === 'unfollowed';
  const faults = [
    ...(before?.address === after?.address ? [] : [`the address was ${before?.address}`]),
    ...(!expected || (after && isExpected(expected, after.address))
      ? []
      : [`the walk says ${sourceText(expected)} by ${expected.by}`]),
    ...(isLeft || !isConfined(flow, { port, policy, after }) || (after && hasPort(policy.ports, after.port))
      ? []
      : ['the port is out of range']),
    ...(isLeft && plan.nat.unfollowed.length === 0 ? ['no rule is named that it is left to'] : []),
  ];
  const way = `${from.address}:${port} (${from.arrived ?? 'host'}) > ${to.address}:${flow.port} by ${to.leaves}`;
  return faults.map((fault) => `${way} left with ${after?.address}:${after?.port}: ${fault}`);
}

/** Whether the policy confines the flow, told without the plan. */
function isConfined(
  { from, to }: RandomFlow,
  { port, policy, after }: Pick<Seen, 'port' | 'after'> & Pick<Fenced, 'policy'>,
): boolean {
  if (policy.uplinks === 'auto' && to.leaves !== 'out0') return false;
  if (from.arrived === undefined) {
    return policy.host === 'all' || hasPort([...policy.ports, { from: 32_768, to: 60_999 }], port);
  }
  const { interfaces } = policy.containers;
  const isContainer = interfaces !== 'auto' && fitsAny(interfaces, from.arrived);
  return isContainer || after?.address !== from.address;
}

function packetOf(flow: RandomFlow, port: number): Packet {
  const { mark, types, states: _, protocol, owner, ...ends } = natFlowOf(flow, port);
  const { anywhere, onLeaving } = types.source;
  return {
    ...ends,
    protocol: protocol === 6 ? 'tcp' : 'udp',
    sourceLocal: anywhere === 'local',
    sourceOnUplink: onLeaving === 'local',
    manyReceivers: false,
    opening: true,
    ...(mark === undefined ? {} : { mark }),
    ...owner,
  };
}
