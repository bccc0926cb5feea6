import fc from 'fast-check';
import type { NatFlow } from '../../src/nat/flow.ts';
import { FAMILIES, type Family } from '../../src/ports.ts';
import { anyChains, anyExtras, CHAINS, type ExtraRule, type RandomChains, WORDS } from '../nat/random-rules.ts';
import { inFamily } from './embedded-six.ts';

/** What packets bear when they come to postrouting, by the port that they go to. */
export const MARKS: Readonly<Record<number, number>> = { 1001: 0x1, 1002: 0x4000, 1003: 0x4001, 1004: 0x2 };
interface Sender {
  readonly address: string;
  readonly arrived: string | undefined;
  /** The number of the user, and of the group, whose program sends; root's where it is missing. */
  readonly user?: number;
}
export const SENDERS = [
  { address: '10.1.0.2', arrived: 'in0' },
  { address: '10.1.0.3', arrived: 'in0' },
  { address: '10.2.0.2', arrived: 'in1' },
  { address: '198.51.100.2', arrived: undefined },
  { address: '10.1.0.1', arrived: undefined },
  { address: '198.51.100.2', arrived: undefined, user: 1000 },
] as const satisfies readonly Sender[];
interface Receiver {
  readonly address: string;
  readonly leaves: string;
  readonly masquerade: string;
}
/** Each way out with what masquerading gives there. */
export const RECEIVERS = [
  { address: '203.0.113.10', leaves: 'out0', masquerade: '198.51.100.2' },
  { address: '203.0.113.11', leaves: 'out0', masquerade: '198.51.100.2' },
  { address: '192.0.2.10', leaves: 'out1', masquerade: '192.0.2.1' },
  { address: '192.0.2.11', leaves: 'out1', masquerade: '192.0.2.1' },
] as const;

export interface RandomFlow {
  readonly family: Family;
  /** 6 or 17: TCP or UDP. */
  readonly protocol: number;
  readonly from: Sender;
  readonly to: Receiver;
  readonly port: number;
}
const TABLES = ['iptables', 'ip one', 'inet two'] as const;
export interface Ruleset {
  readonly table: 'legacy' | (typeof TABLES)[number];
  readonly priority: number;
  readonly chains: RandomChains;
  readonly extras: readonly ExtraRule[];
}

/** The ends of flows in a family. */
export const sendersOf = (family: Family): readonly Sender[] =>
  SENDERS.map((one: Sender) => ({ ...one, address: inFamily(family, one.address) }));
export const receiversOf = (family: Family): readonly Receiver[] =>
  RECEIVERS.map(({ address, leaves, masquerade }) => ({
    ...{ address: inFamily(family, address), leaves },
    masquerade: inFamily(family, masquerade),
  }));

export const anyRandomFlow = (family: Family): fc.Arbitrary<RandomFlow> =>
  fc.record<RandomFlow>({
    family: fc.constant(family),
    protocol: fc.constantFrom(6, 17),
    from: fc.constantFrom(...sendersOf(family)),
    to: fc.constantFrom(...receiversOf(family)),
    port: fc.constantFrom(...WORDS.ports),
  });

/** Rules and flows of one family. */
export interface Traffic {
  readonly family: Family;
  readonly rulesets: readonly Ruleset[];
  readonly flows: readonly RandomFlow[];
}
export const anyTraffic = (room: Room, flows: number): fc.Arbitrary<Traffic> =>
  fc.constantFrom(...FAMILIES).chain((family) =>
    fc.record<Traffic>({
      family: fc.constant(family),
      rulesets: anyRulesets(room),
      flows: fc.array(anyRandomFlow(family), { minLength: flows, maxLength: flows }),
    }),
  );

/** Which tables may stand, and where their base chains hook. */
export interface Room {
  readonly tables: readonly (typeof TABLES)[number][];
  readonly priorities: readonly number[];
  readonly legacy: boolean;
}
export const EVERYWHERE: Room = { tables: TABLES, priorities: [95, 100, 100, 110], legacy: true };

/** Rules by chain and place that get a condition which the model has no words for; packets here have a TTL of 63 or 64. */
const anyOpaque = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc.array(
      fc.record({
        chain: fc.constantFrom(...CHAINS),
        at: fc.nat({ max: 4 }),
        text: fc.constantFrom('-m ttl --ttl-gt 1', '-m ttl --ttl-gt 63', '-m ttl --ttl-lt 2'),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  },
);
type Opaque = readonly { readonly chain: string; readonly at: number; readonly text: string }[];

function withOpaque(chains: RandomChains, opaque: Opaque): RandomChains {
  return new Map(
    [...chains].map(([name, rules]) => [
      name,
      rules.map(({ when, verdict }, i) => {
        const added = opaque.filter(({ chain, at }) => chain === name && at === i);
        return { when: [...when, ...added.map(({ text }) => ({ test: 'opaque', text }) as const)], verdict };
      }),
    ]),
  );
}

/** Tables in the order in which they are made. */
export function anyRulesets({ tables, priorities, legacy }: Room): fc.Arbitrary<readonly Ruleset[]> {
  const priority = fc.constantFrom(...priorities);
  return fc
    .tuple(
      legacy ? fc.option(anyChains) : fc.constant(null),
      fc.shuffledSubarray([...tables], { minLength: legacy ? 0 : 1 }),
      fc.tuple(priority, priority, priority),
      fc.tuple(anyChains, anyChains, anyChains),
      fc.tuple(anyExtras, anyExtras, anyExtras),
      anyOpaque,
    )
    .map(([old, names, levels, chains, extras, opaque]): readonly Ruleset[] => [
      // The table of iptables-legacy stays between the runs, so that it is always the oldest.
      { table: 'legacy', priority: 100, chains: withOpaque(old ?? new Map([['POSTROUTING', []]]), opaque), extras: [] },
      ...names.map((table, i) => ({
        table,
        priority: levels[i] ?? 100,
        chains: table === 'iptables' ? withOpaque(chains[i] ?? new Map(), opaque) : (chains[i] ?? new Map()),
        extras: extras[i] ?? [],
      })),
    ]);
}

/** The host's own addresses by the interface that bears them. */
const ON_LEAVING = new Set(
  FAMILIES.flatMap((family) => ['198.51.100.2 out0', '192.0.2.1 out1'].map((one) => inFamily(family, one))),
);

/** The flow as it comes to postrouting. */
export function natFlowOf({ family, protocol, from, to, port }: RandomFlow, sourcePort: number): NatFlow {
  const local = from.arrived === undefined ? 'local' : 'unicast';
  return {
    family,
    protocol,
    source: from.address,
    sourcePort,
    destination: to.address,
    destinationPort: port,
    arrived: from.arrived,
    leaves: to.leaves,
    types: {
      source: { anywhere: local, onLeaving: ON_LEAVING.has(`${from.address} ${to.leaves}`) ? 'local' : 'unicast' },
      destination: { anywhere: 'unicast', onLeaving: 'unicast' },
    },
    mark: MARKS[port] ?? 0,
    states: ['new'],
    owner: { user: from.user ?? 0, group: from.user ?? 0 },
  };
}
