import { FAMILIES, type Family, type PortSet, portsText } from '../ports.ts';
import type { Namespace } from './namespace.ts';

/** A flow that left the host's subnet with a source port whose answers can't come back. */
export interface Stray {
  readonly family: Family;
  readonly protocol: 'tcp' | 'udp';
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly packets: number;
  /** It began with one of these packets (a SYN, or any datagram); else they belong to a connection that was open before. */
  readonly opening: boolean;
  /** First and last packet, in milliseconds since the epoch; each may be later by up to `blurMs`. */
  readonly first: number;
  readonly last: number;
  readonly blurMs: number;
}

/** Notes each flow that leaves with a port out of range: who, when, how often. */
export interface StrayLog {
  /** What was noted since the last call; nothing is missed between two. */
  read(): Promise<readonly Stray[]>;
}

const LIFETIME_MS = 86_400_000;
const TYPES = { ipv4: 'ipv4_addr', ipv6: 'ipv6_addr' } as const;
const HEADER = { ipv4: 'ip', ipv6: 'ip6' } as const;

const SETS = ['first', 'last', 'opened'] as const;
const OPENS = ['meta l4proto udp', 'meta l4proto tcp tcp flags & (fin | syn | rst | ack) == syn'];
const tableOf = (turn: number): string => `inet strays_${turn}`;

/** An element is added with a flow's first packet and its lifetime starts anew with each; from how long both have to live follows when that was. */
function rules(turn: number, allowed: PortSet): readonly string[] {
  const key = (family: Family) =>
    `${HEADER[family]} saddr . th sport . ${HEADER[family]} daddr . th dport . meta l4proto`;
  const match = `iifname "h*" oifname != "h*" th sport != { ${portsText(allowed, ', ')} }`;
  const transport = 'meta l4proto { tcp, udp }';
  const sets = FAMILIES.flatMap((family) =>
    SETS.map((name) => {
      const type = `${TYPES[family]} . inet_service . ${TYPES[family]} . inet_service . inet_proto`;
      return `  set ${name}_${family} { type ${type}; size 65535; flags dynamic,timeout; timeout 1d; }`;
    }),
  );
  return [
    `table ${tableOf(turn)} {`,
    ...sets,
    '  chain forward {',
    '    type filter hook forward priority -10; policy accept;',
    ...FAMILIES.flatMap((family) => [
      `    ${transport} ${match} add @first_${family} { ${key(family)} counter }`,
      `    ${transport} ${match} update @last_${family} { ${key(family)} }`,
      ...OPENS.map((opens) => `    ${opens} ${match} add @opened_${family} { ${key(family)} }`),
    ]),
    '  }',
    '}',
  ];
}

/** Begins to note what leaves by the router with another source port than these. */
export async function logStrays(router: Namespace, allowed: PortSet): Promise<StrayLog> {
  let turn = 0;
  const load = (lines: readonly string[]) => router.expect(['nft', '-f', '-'], { input: `${lines.join('\n')}\n` });
  await load(rules(turn, allowed));
  const next = async (): Promise<readonly Stray[]> => {
    const before = tableOf(turn);
    turn += 1;
    // In one transaction the next table begins where this one's chain ends.
    await load([...rules(turn, allowed), `flush chain ${before} forward`, `delete chain ${before} forward`]);
    const from = Date.now();
    const text = await router.expect(['nft', 'list', 'table', ...before.split(' ')]);
    const listed = { from, to: Date.now() };
    await load([`delete table ${before}`]);
    return readStrays(text, listed);
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    read: () => {
      const mine = last.then(next);
      last = mine.catch(() => {});
      return mine;
    },
  };
}

/** The kernel counts in ticks of up to 10 ms. */
const TICK_MS = 10;

/** The text of nft(8), since its JSON knows whole seconds only. It was written between `from` and `to` (ms since the epoch). */
export function readStrays(text: string, listed: { readonly from: number; readonly to: number }): readonly Stray[] {
  const blurMs = listed.to - listed.from + TICK_MS;
  const found = new Map<string, Stray>();
  for (const [, name, family, body] of text.matchAll(/set (first|last|opened)_(ipv[46]) \{([^}]*)/g)) {
    for (const [, element, packets, left] of (body ?? '').matchAll(ELEMENT)) {
      const [source = '', sourcePort, destination = '', destinationPort, protocol] = (element ?? '').split(' . ');
      const at = listed.from - (LIFETIME_MS - milliseconds(left ?? ''));
      const known = found.get(element ?? '');
      if (name === 'last' && known) found.set(element ?? '', { ...known, last: Math.max(known.first, at) });
      if (name === 'opened' && known) found.set(element ?? '', { ...known, opening: true });
      if (name !== 'first') continue;
      found.set(element ?? '', {
        family: family as Family,
        protocol: protocol === 'udp' ? 'udp' : 'tcp',
        ...{ source, sourcePort: Number(sourcePort), destination, destinationPort: Number(destinationPort) },
        ...{ packets: Number(packets ?? 0), opening: false, first: at, last: at, blurMs },
      });
    }
  }
  return [...found.values()].sort((a, b) => a.first - b.first);
}

/** `10.0.1.10 . 40001 . 203.0.113.10 . 7000 . tcp counter packets 2 bytes 120 expires 23h59m58s12ms` */
const ELEMENT = /(\S+ \. \d+ \. \S+ \. \d+ \. (?:tcp|udp))(?: counter packets (\d+) bytes \d+)? expires (\w+)/g;

const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

const milliseconds = (duration: string): number =>
  [...duration.matchAll(/(\d+)(ms|[dhms])/g)].reduce(
    (sum, [, n, unit]) => sum + Number(n) * (UNITS[unit ?? ''] ?? 0),
    0,
  );
