import {
  FAMILIES,
  type Family,
  hasPort,
  type PortSet,
  PROTOCOLS,
  type Protocol,
  portSet,
  portsText,
  union,
} from '../ports.ts';
import type { Namespace } from './namespace.ts';

/** What the network ACL saw of one kind of traffic. Counts are packets. */
export interface AclCell {
  readonly family: Family;
  readonly protocol: Protocol;
  /** Left the host's subnet with an allowed source port. */
  readonly inRange: number;
  /** Left the host's subnet with another source port: the answer will not come back. */
  readonly outOfRange: number;
  /** Came in to an allowed port. */
  readonly passed: number;
  /** Came in to another port, and was dropped. */
  readonly dropped: number;
  /** Every source port seen leaving, ascending, published ports left out. */
  readonly sourcePorts: readonly number[];
  /** Those of them that are not allowed. */
  readonly strayPorts: readonly number[];
}

/** What the ACL counted since the last `reset`, by family and protocol, and summed up. Counts are packets. */
export interface AclCounters {
  readonly cells: readonly AclCell[];
  readonly inRange: number;
  readonly outOfRange: number;
  readonly dropped: number;
}

/** The router between the host's subnet and the rest, with a network ACL that keeps no state. */
export interface AclRouter {
  counters(): Promise<AclCounters>;
  /** Zeroes the counters and forgets the ports seen. */
  reset(): Promise<void>;
}

const kinds = FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => ({ family, protocol })));
const COUNTS = ['inRange', 'outOfRange', 'passed', 'dropped'] as const;
const objectName = (count: string, { family, protocol }: { family: Family; protocol: Protocol }): string =>
  `${count}_${family}_${protocol}`;

interface AclSpec {
  readonly allowed: PortSet;
  readonly published: readonly number[];
  /** Lets in what it would not, and counts it as dropped. */
  readonly countsOnly?: boolean;
}

/** The ACL's rules: stateless, like a cloud's subnet ACL; inwards only `allowed` and `published` destination ports pass. */
export function aclRules({ allowed, published, countsOnly = false }: AclSpec): string {
  const open = union(allowed, portSet(...published.map((port) => ({ from: port, to: port }))));
  const objects = kinds.flatMap((kind) => [
    ...COUNTS.map((count) => `  counter ${objectName(count, kind)} { }`),
    `  set ${objectName('ports', kind)} { type inet_service; size 65535; flags dynamic; }`,
  ]);
  const rules = kinds.flatMap((kind) => {
    const match = `meta nfproto ${kind.family} meta l4proto ${kind.protocol}`;
    return [
      `    iifname "h*" ${match} add @${objectName('ports', kind)} { th sport }`,
      `    iifname "h*" ${match} th sport { ${portsText(allowed, ', ')} } counter name ${objectName('inRange', kind)} accept`,
      `    iifname "h*" ${match} counter name ${objectName('outOfRange', kind)} accept`,
      `    oifname "h*" ${match} th dport { ${portsText(open, ', ')} } counter name ${objectName('passed', kind)} accept`,
      `    oifname "h*" ${match} counter name ${objectName('dropped', kind)} ${countsOnly ? 'accept' : 'drop'}`,
    ];
  });
  const answers =
    published.length > 0
      ? [`    iifname "h*" meta l4proto { tcp, udp, sctp } th sport { ${published.join(', ')} } accept`]
      : [];
  return [
    'table inet acl {',
    ...objects,
    '  chain forward {',
    '    type filter hook forward priority 0; policy accept;',
    '    iifname "h*" oifname "h*" accept',
    ...answers,
    ...rules,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** Loads the ACL into the router's namespace. */
export async function loadAcl(router: Namespace, spec: AclSpec): Promise<AclRouter> {
  await router.expect(['nft', '-f', '-'], { input: aclRules(spec) });
  return {
    counters: async () =>
      readCounters(await router.expect(['nft', '-j', 'list', 'table', 'inet', 'acl']), spec.allowed),
    reset: async () => {
      const sets = kinds.map((kind) => `flush set inet acl ${objectName('ports', kind)}`);
      await router.expect(['nft', '-f', '-'], { input: `${['reset counters table inet acl', ...sets].join('\n')}\n` });
    },
  };
}

function readCounters(json: string, allowed: PortSet): AclCounters {
  const listing = JSON.parse(json) as {
    nftables: readonly {
      counter?: { name: string; packets: number };
      set?: { name: string; elem?: readonly (number | { elem: { val: number } })[] };
    }[];
  };
  const packets = new Map<string, number>();
  const ports = new Map<string, number[]>();
  for (const { counter, set } of listing.nftables) {
    if (counter) packets.set(counter.name, counter.packets);
    if (set)
      ports.set(
        set.name,
        (set.elem ?? []).map((entry) => (typeof entry === 'number' ? entry : entry.elem.val)),
      );
  }
  const cells = kinds.map((kind): AclCell => {
    const count = (name: (typeof COUNTS)[number]): number => packets.get(objectName(name, kind)) ?? 0;
    const sourcePorts = (ports.get(objectName('ports', kind)) ?? []).sort((a, b) => a - b);
    return {
      ...kind,
      inRange: count('inRange'),
      outOfRange: count('outOfRange'),
      passed: count('passed'),
      dropped: count('dropped'),
      sourcePorts,
      strayPorts: sourcePorts.filter((port) => !hasPort(allowed, port)),
    };
  });
  const sum = (name: (typeof COUNTS)[number]): number => cells.reduce((total, cell) => total + cell[name], 0);
  return { cells, inRange: sum('inRange'), outOfRange: sum('outOfRange'), dropped: sum('dropped') };
}
