import { Address4, Address6 } from 'ip-address';
import { blockHas, type Cidr, overlap, readBlock } from '../addresses.ts';
import { follow } from '../nat/follow.ts';
import { ruleName, type StandingNat } from '../nat/model.ts';
import type { Decision, NatProgram } from '../nat/program.ts';
import { spanNumbers } from '../nat/spans.ts';
import { walkProgram } from '../nat/walk.ts';
import type { Family } from '../ports.ts';
import type { HostFacts } from './facts.ts';
import { familyOf } from './family.ts';
import type { Packet } from './packet.ts';
import type { Origin, Plan } from './plan.ts';
import { masqueradeAddress, sourceAddress, sourceText } from './source-address.ts';
import { natFlow, walk } from './walk.ts';
import { fitsAny } from './wildcards.ts';

/** What becomes of the source address of one origin's flows, without the fence and with it. */
export interface AddressRow {
  readonly origin: Origin;
  /** `host`, the interface that packets arrive on, or the block that a rule names. */
  readonly from: string;
  readonly family: Family;
  readonly source: string;
  readonly destination: string;
  readonly uplink: string;
  /** One address, `A-B` where the kernel chooses one of several; null where it can't be known, or nothing leaves. */
  readonly before: string | null;
  readonly after: string | null;
  /** The rule that decides, or why the address stays. */
  readonly by: string;
  /** Whether the fence leaves the address as it is. Where it can't be known, the flow is left to its own rules, so that it does. */
  readonly same: boolean;
}

/** Somewhere in the internet, by family (documentation prefixes, RFC 5737 and 3849). */
const ELSEWHERE: Readonly<Record<Family, string>> = { ipv4: '192.0.2.1', ipv6: '2001:db8::1' };
/** A source port that every origin has confined. */
const PORT = 40_000;
/** More destinations than these that rules name make no table that a person reads. */
const MOST_DESTINATIONS = 16;
const MOST_BLOCKS = 32;

/**
 * For each origin, family and uplink the source address before and after: towards the internet, and towards destinations that
 * rules name where something else happens to it. Pure.
 */
export function addressTable(plan: Plan, facts: HostFacts): readonly AddressRow[] {
  const uplinks = facts.links.filter(({ name }) => isUplink(plan, name)).map(({ name }) => name);
  return plan.families.flatMap((family) => {
    const program = follow(facts.standingNat[family]);
    const destinations = [ELSEWHERE[family], ...namedDestinations(facts.standingNat, family)];
    return uplinks.flatMap((uplink) =>
      originsOf(plan, facts, { family, uplink }).flatMap((origin) => {
        const rows = destinations.map((destination) =>
          rowOf({ plan, facts, program }, { ...origin, destination, uplink }),
        );
        const [first] = rows;
        return rows.filter((row) => row === first || row.before !== first?.before || row.after !== first.after);
      }),
    );
  });
}

function isUplink({ uplinks, sets }: Plan, name: string): boolean {
  if (uplinks.mode === 'these') return fitsAny(uplinks.names, name);
  const not = sets.flatMap((set) => (set.name === 'not_uplinks' && set.holds === 'interfaces' ? set.elements : []));
  return !fitsAny(not, name);
}

interface Sender {
  readonly from: string;
  readonly family: Family;
  readonly source: string;
  readonly arrived: string | undefined;
}

interface Way {
  readonly family: Family;
  readonly uplink: string;
}

function originsOf(plan: Plan, facts: HostFacts, { family, uplink }: Way): readonly Sender[] {
  const addresses = facts.links.flatMap(({ name, addresses, kind, master }) =>
    addresses
      .filter((address) => familyOf(address) === family && !/^(?:169\.254\.|fe80:)/i.test(address))
      .map((address) => ({ name, address, kind, master })),
  );
  const own = addresses.find(({ name }) => name === uplink);
  if (!own) return [];
  const host: Sender = { from: 'host', family, source: bare(own.address), arrived: undefined };
  const inner = addresses.filter(({ name }) => name !== 'lo' && !isUplink(plan, name));
  const behind = inner.flatMap(({ name, address }): Sender[] => {
    const source = neighbour(address);
    return source === undefined ? [] : [{ from: name, family, source, arrived: name }];
  });
  const blocks = namedSources(facts.standingNat, family)
    .filter((block) => !addresses.some(({ address }) => blockHas(block, bare(address))))
    .flatMap((block): Sender[] => {
      const source = neighbour(block);
      return source === undefined ? [] : [{ from: block, family, source, arrived: facts.podDevices[0] ?? 'elsewhere' }];
    });
  return [host, ...behind, ...blocks];
}

const bare = (address: Cidr): string => address.split('/')[0] ?? address;

/** An address of the block that is not the given one; the address itself where the block names a single sender. */
function neighbour(block: Cidr): string | undefined {
  const six = block.includes(':');
  const { from, to } = spanNumbers(readBlock(block) ?? block);
  const own = bare(block);
  const text = (value: bigint) => (six ? Address6 : Address4).fromBigInt(value).correctForm();
  if (from === to) return undefined;
  const [second, third] = [text(from + 1n), text(to - from > 1n ? from + 2n : from)];
  return second === own ? third : second;
}

/** Blocks of senders that rules name, so that networks without an interface here have a row as well. */
function namedSources(standing: StandingNat, family: Family): readonly Cidr[] {
  return named(standing, family, 'source').slice(0, MOST_BLOCKS);
}

/** One address of each block that rules name as a destination. */
function namedDestinations(standing: StandingNat, family: Family): readonly string[] {
  const blocks = named(standing, family, 'destination').slice(0, MOST_DESTINATIONS);
  return blocks.map((block) => neighbour(block) ?? bare(block));
}

function named(standing: StandingNat, family: Family, test: 'source' | 'destination'): readonly Cidr[] {
  const rules = standing[family].flatMap(({ chains }) => [...chains.values()].flat());
  const spans = rules.flatMap(({ when }) => when).flatMap((one) => (one.test === test ? one.in : []));
  const blocks = spans.filter((span) => span.includes('/') && !span.endsWith('/0'));
  return [...new Set(blocks)].filter((block) => !MANY.some((many) => overlap(many, block))).sort();
}

/** Loopback, multicast and broadcast, which nothing leaves for. */
const MANY: readonly Cidr[] = ['127.0.0.0/8', '224.0.0.0/3', '::1/128', 'ff00::/8', 'fe80::/10', '169.254.0.0/16'];

interface Rules {
  readonly plan: Plan;
  readonly facts: HostFacts;
  readonly program: NatProgram;
}

function rowOf(
  { plan, facts, program }: Rules,
  {
    from,
    family,
    source,
    arrived,
    destination,
    uplink,
  }: Sender & { readonly destination: string; readonly uplink: string },
): AddressRow {
  const packet: Packet = {
    protocol: plan.protocols[0] ?? 'tcp',
    family,
    source,
    sourcePort: PORT,
    destination,
    destinationPort: 443,
    arrived,
    leaves: uplink,
    sourceLocal: arrived === undefined,
    sourceOnUplink: arrived === undefined,
    manyReceivers: false,
    opening: true,
  };
  const links = facts.links;
  const gateway = facts.defaultGateways?.find(
    (one) => one.device === uplink && familyOf(one.address) === family,
  )?.address;
  const own = links.find(({ name }) => name === uplink)?.addresses ?? [];
  const decision = walkProgram(program, natFlow(packet));
  const walked = walk(plan, packet);
  const given = sourceAddress(walked, packet, { links, gateway });
  const before = addressBy(decision, { source, masquerade: () => masqueradeAddress(own, { destination, gateway }) });
  const after = given ? sourceText(given) : null;
  const by = decision.do === 'keep' || !decision.by ? undefined : ruleName(decision.by);
  return {
    origin: walked.origin ?? (arrived === undefined ? 'host' : 'forwarded'),
    ...{ from, family, source, destination, uplink, before, after },
    by: by ?? given?.by ?? 'no rule translates it',
    same: after === null || before === after,
  };
}

function addressBy(
  decision: Decision,
  { source, masquerade }: { readonly source: string; masquerade(): string | undefined },
): string | null {
  switch (decision.do) {
    case 'keep':
      return source;
    case 'masquerade':
      return masquerade() ?? null;
    case 'snat':
      return decision.addresses ? sourceText(decision.addresses) : source;
    default:
      return null;
  }
}
