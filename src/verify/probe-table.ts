import { PortfenceError } from '../errors.ts';
import { readFence } from '../observe/fence.ts';
import type { Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import { must } from './command.ts';
import type { Origin } from './origin.ts';
import { SENT_PROTOCOLS, type SentProtocol } from './result.ts';
import type { Target } from './target.ts';

export const PROBE_PREFIX = 'portfence_probe_';

/** Before conntrack and every source NAT chain, and after everything, the guard included. */
const BEFORE_PRIORITY = -300;
const AFTER_PRIORITY = 10_000;

/** A first packet as it passed: ports, and a number in it that no NAT changes (TCP sequence, first bytes of the datagram). */
export interface Passed {
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
 * It asks conntrack nothing, since the asking alone would switch connection tracking on.
 */
export async function makeProbeTable(system: System, origin: Origin, targets: readonly Target[]): Promise<ProbeTable> {
  const name = `${PROBE_PREFIX}${system.pid}`;
  const remove = () => removeProbeTable(system, name);
  try {
    await must(system, ['nft', '-f', '-'], { input: `${probeRules(name, origin, targets).join('\n')}\n` });
  } catch (cause) {
    await remove().catch(() => {});
    if (!(cause instanceof PortfenceError) || cause.code !== 'SYSTEM') throw cause;
    const { detail } = cause;
    throw new PortfenceError('KERNEL_REFUSED', 'the kernel does not take the rules that watch what leaves', {
      hint: 'verify needs Linux 5.2 and nftables 0.9.4 or newer',
      cause,
      ...(detail === undefined ? {} : { detail }),
    });
  }
  return {
    read: async () => {
      const { sets } = readFence(await must(system, ['nft', '-j', 'list', 'table', 'inet', name]));
      const elements = (set: string) => sets.find((one) => one.name === set)?.elements.flatMap(readElement) ?? [];
      return (family, protocol) => ({
        before: elements(setName('before', family, protocol)),
        after: elements(setName('after', family, protocol)),
      });
    },
    remove,
  };
}

export async function removeProbeTable(system: System, name: string): Promise<void> {
  // Declared first, so that a table that is not there is no error.
  await must(system, ['nft', '-f', '-'], { input: `add table inet ${name}\ndelete table inet ${name}\n` });
}

/** The table as nft reads it, one command a line. */
export function probeRules(name: string, origin: Origin, targets: readonly Target[]): readonly string[] {
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
          // After NAT the source address tells nothing any more; the number in the packet does.
          ...(side === 'before' && source !== undefined ? [`${network} saddr ${source}`] : []),
          `${network} daddr ${address}`,
          `${protocol} dport { ${ports.join(', ')} }`,
          ...(protocol === 'tcp' ? ['tcp flags & (syn | ack) == syn'] : []),
        ];
        return [
          `add set ${table} ${set} { typeof ${key(protocol)}; size 65535; flags dynamic; }`,
          `add rule ${table} ${side} ${match.join(' ')} add @${set} { ${key(protocol)} }`,
        ];
      }),
    ]),
  ];
}

const setName = (side: keyof Recorded, family: Family, protocol: SentProtocol): string =>
  `${side}_${family}_${protocol}`;

const key = (protocol: SentProtocol): string =>
  `${protocol} sport . ${protocol} dport . ${protocol === 'tcp' ? 'tcp sequence' : '@th,64,32'}`;

function readElement(element: string): readonly Passed[] {
  const [sourcePort, destinationPort, id] = element.split(' . ').map(Number);
  if (sourcePort === undefined || destinationPort === undefined || id === undefined) return [];
  return [sourcePort, destinationPort, id].some(Number.isNaN) ? [] : [{ sourcePort, destinationPort, id }];
}
