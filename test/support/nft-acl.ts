import { type AclEntry, type Direction, isUnknown, type Known, type NetworkAcl } from '../../src/acl/model.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { portsText } from '../../src/ports.ts';

/** Interfaces of a lab's router that lead to each end: what leaves by them enters that end's subnet. */
const LINKS = { host: '"h*"', peer: '"s*"' } as const;
type End = keyof typeof LINKS;

/**
 * The ACL as an nftables ruleset for a lab's router: one rule an entry, in order, then a drop. It keeps no state, and nothing
 * is tracked, so that the kernel judges each packet by itself. Throws TypeError for an entry that holds something unknown.
 */
export function nftAcl(acl: NetworkAcl, end: End): string {
  const table = `inet model-${end}`;
  const rules = (direction: Direction): readonly string[] =>
    acl.entries
      .filter((entry) => known(entry.direction) === direction)
      .toSorted((a, b) => known(a.number) - known(b.number))
      .map((entry) => `    ${ruleOf(entry)}`);
  return [
    `table ${table} { }`,
    `delete table ${table}`,
    `table ${table} {`,
    '  chain untracked {',
    '    type filter hook prerouting priority raw; policy accept;',
    '    notrack',
    '  }',
    '  chain inbound {',
    ...rules('inbound'),
    '    drop',
    '  }',
    '  chain outbound {',
    ...rules('outbound'),
    '    drop',
    '  }',
    '  chain forward {',
    '    type filter hook forward priority 10; policy accept;',
    `    oifname ${LINKS[end]} jump inbound`,
    `    iifname ${LINKS[end]} jump outbound`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** Loads the ACL into a lab's router, in place of the one that this end had before. */
export async function raiseNftAcl(router: Namespace, acl: NetworkAcl, end: End = 'host'): Promise<void> {
  await router.expect(['nft', '-f', '-'], { input: nftAcl(acl, end) });
}

function ruleOf(entry: AclEntry): string {
  const [family, protocol, icmp] = [known(entry.family), known(entry.protocol), known(entry.icmp)];
  const header = family === 'ipv4' ? 'ip' : 'ip6';
  const side = known(entry.direction) === 'inbound' ? 'saddr' : 'daddr';
  const hasPorts = protocol === 6 || protocol === 17 || protocol === 132;
  const isIcmp = protocol === 1 || protocol === 58;
  const message = protocol === 1 ? 'icmp' : 'icmpv6';
  return [
    `meta nfproto ${family}`,
    known(entry.remote).endsWith('/0') ? '' : `${header} ${side} ${known(entry.remote)}`,
    protocol === 'all' ? '' : `meta l4proto ${protocol}`,
    hasPorts ? `th dport { ${portsText(known(entry.ports), ', ')} }` : '',
    isIcmp && icmp.type !== 'any' ? `${message} type ${icmp.type}` : '',
    isIcmp && icmp.code !== 'any' ? `${message} code ${icmp.code}` : '',
    entry.allow === true ? 'accept' : 'drop',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function known<T>(value: Known<T>): T {
  if (isUnknown(value)) throw new TypeError(`the kernel can't be told of something unknown: ${value.unknown}`);
  return value;
}
