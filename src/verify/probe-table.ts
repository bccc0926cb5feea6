import { readHeld } from '../backends/listing.ts';
import { nftLoad } from '../backends/nftables/load.ts';
import { PortfenceError } from '../errors.ts';
import type { Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import type { Batch } from './batches.ts';
import { type Origin, SENT_PROTOCOLS, type SentProtocol } from './model.ts';
import type { Sent } from './sending.ts';
import type { Target } from './target.ts';
import { must, until } from './temporary.ts';

export const PROBE_PREFIX = 'portfence_probe_';

/** Before conntrack and every source NAT chain, and after everything, the guard included. */
const BEFORE_PRIORITY = -300;
const AFTER_PRIORITY = 10_000;

/** A first packet as it passed: source address, ports, and what it is known again by after NAT. */
export interface Passed {
  readonly source: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly id: number;
}

export interface Recorded {
  readonly before: readonly Passed[];
  readonly after: readonly Passed[];
}

export interface ProbeTable {
  /** What passed since the table was made. */
  read(): Promise<(family: Family, protocol: SentProtocol) => Recorded>;
  remove(): Promise<void>;
}

/**
 * A table of our own that notes the first packets of an origin towards the targets, as they come to be sent and as they leave.
 * Where nft takes it, it asks conntrack nothing, since the asking alone would switch connection tracking on.
 */
export async function makeProbeTable(system: System, origin: Origin, targets: readonly Target[]): Promise<ProbeTable> {
  const name = `${PROBE_PREFIX}${system.pid}`;
  const remove = () => removeProbeTable(system, name);
  await loadProbe(system, name, { origin, targets }).catch(async (error: unknown) => {
    await remove().catch(() => {});
    throw error;
  });
  return {
    read: async () => {
      const held = readHeld(await must(system, ['nft', '-j', 'list', 'table', 'inet', name]));
      const elements = (set: string) => held.get(set)?.flatMap(readElement) ?? [];
      return (family, protocol) => ({
        before: elements(setName('before', family, protocol)),
        after: elements(setName('after', family, protocol)),
      });
    },
    remove,
  };
}

interface Probed {
  readonly origin: Origin;
  readonly targets: readonly Target[];
}

async function loadProbe(system: System, name: string, probed: Probed): Promise<void> {
  const load = (identity: Identity) =>
    must(system, nftLoad, { input: `${probeRules(name, { ...probed, identity }).join('\n')}\n` });
  try {
    await load('packet');
  } catch {
    await load('conntrack').catch((cause: unknown) => {
      if (!(cause instanceof PortfenceError) || cause.code !== 'SYSTEM') throw cause;
      const { detail } = cause;
      throw new PortfenceError('KERNEL_REFUSED', 'the kernel does not take the rules that watch what leaves', {
        hint: '`portfence status` tells what the kernel counts',
        cause,
        ...(detail === undefined ? {} : { detail }),
      });
    });
  }
}

export async function removeProbeTable(system: System, name: string): Promise<void> {
  // Declared first, so that a table that is not there is no error.
  await must(system, nftLoad, { input: `add table inet ${name}\ndelete table inet ${name}\n` });
}

/** The table as nft reads it, one command a line. */
export function probeRules(
  name: string,
  { origin, targets, identity }: Probed & { readonly identity: Identity },
): readonly string[] {
  const table = `inet ${name}`;
  const kinds = targets.flatMap((target) => SENT_PROTOCOLS.map((protocol) => ({ target, protocol })));
  const sides = [
    { side: 'before', priority: BEFORE_PRIORITY },
    { side: 'after', priority: AFTER_PRIORITY },
  ] as const;
  return [
    `add table ${table}`,
    ...sides.flatMap(({ side, priority }) => [
      `add chain ${table} ${side} { type filter hook postrouting priority ${priority}; policy accept; }`,
      ...kinds.flatMap(({ target: { family, address, ports }, protocol }) => {
        const set = setName(side, family, protocol);
        const network = family === 'ipv4' ? 'ip' : 'ip6';
        const source = origin.addresses[family];
        const match = [
          origin.network === undefined ? 'iif 0' : `iifname "${origin.network}"`,
          // After NAT the source address is another.
          ...(side === 'before' && source !== undefined ? [`${network} saddr ${source}`] : []),
          `${network} daddr ${address}`,
          `${protocol} dport { ${ports.join(', ')} }`,
          ...(protocol === 'tcp' ? ['tcp flags & (syn | ack) == syn'] : []),
        ];
        const { type, keys } = IDENTITIES[identity](network, protocol)[side];
        return [
          `add set ${table} ${set} { ${type}; size 65535; flags dynamic; }`,
          ...keys.map(
            ({ when, key }) => `add rule ${table} ${side} ${[...match, ...when].join(' ')} add @${set} { ${key} }`,
          ),
        ];
      }),
    ]),
  ];
}

const setName = (side: keyof Recorded, family: Family, protocol: SentProtocol): string =>
  `${side}_${family}_${protocol}`;

interface Recording {
  readonly type: string;
  /** What is noted, by further conditions. */
  readonly keys: readonly { readonly when: readonly string[]; readonly key: string }[];
}

const KEY_TYPES = { ip: 'ipv4_addr', ip6: 'ipv6_addr' } as const;

/**
 * What a packet is known again by after NAT. `packet`: a number in it. nft 0.9.8 can't have such a number in a key; `conntrack`: the port
 * that it came with, as conntrack remembers it; one that conntrack does not know still has it.
 */
const IDENTITIES = {
  packet: (network: 'ip' | 'ip6', protocol: SentProtocol): Readonly<Record<keyof Recorded, Recording>> => {
    const key = `${passedKey(network, protocol)} . ${protocol === 'tcp' ? 'tcp sequence' : '@th,64,32'}`;
    const recording = { type: `typeof ${key}`, keys: [{ when: [], key }] };
    return { before: recording, after: recording };
  },
  conntrack: (network: 'ip' | 'ip6', protocol: SentProtocol): Readonly<Record<keyof Recorded, Recording>> => {
    const type = `type ${KEY_TYPES[network]} . inet_service . inet_service . inet_service`;
    const key = passedKey(network, protocol);
    const unchanged = `${key} . ${protocol} sport`;
    return {
      before: { type, keys: [{ when: [], key: unchanged }] },
      after: {
        type,
        keys: [
          { when: ['ct state untracked'], key: unchanged },
          { when: ['ct state != untracked'], key: `${key} . ct original proto-src` },
        ],
      },
    };
  },
} as const;
type Identity = keyof typeof IDENTITIES;

const passedKey = (network: 'ip' | 'ip6', protocol: SentProtocol): string =>
  `${network} saddr . ${protocol} sport . ${protocol} dport`;

function readElement(element: string): readonly Passed[] {
  const [source, ...numbers] = element.split(' . ');
  const [sourcePort, destinationPort, id] = numbers.map(Number);
  if (source === undefined || sourcePort === undefined || destinationPort === undefined || id === undefined) return [];
  return [sourcePort, destinationPort, id].some(Number.isNaN) ? [] : [{ source, sourcePort, destinationPort, id }];
}

/** Packets are handed on within a millisecond or so; what is not there by now was refused. */
const PATIENCE_MS = 500;

/** What the probe table recorded, once everything that was sent is in it or the time is over. */
export async function readComplete(
  system: System,
  table: Pick<ProbeTable, 'read'>,
  batches: readonly Batch[],
  sent: readonly (readonly Sent[])[],
): Promise<(family: Family, protocol: SentProtocol) => Recorded> {
  let recorded = await table.read();
  const isWhole = () =>
    batches.every(({ target, protocol }, i) => {
      const opened = sent[i]?.filter(({ error }) => error === undefined).length ?? 0;
      return recorded(target.family, protocol).after.length >= opened;
    });
  await until(system, PATIENCE_MS, async () => {
    if (isWhole()) return true;
    recorded = await table.read();
    return isWhole();
  });
  return recorded;
}
