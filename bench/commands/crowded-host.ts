import type { Namespace } from '../../src/lab/namespace.ts';
import { ipBatch } from '../../src/lab/topology.ts';

/** How many container networks a crowded host has. */
export const BRIDGES = 200;
/** How many rules of other programs it has, in all. */
export const FOREIGN_RULES = 1000;

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const bridgeName = (bridge: number): string => `br-${bridge.toString(16).padStart(12, '0')}`;
const subnetOf = (bridge: number): string => `10.50.${bridge}`;

/** Makes a host as it looks with many container networks: a bridge and a masquerading rule each, and rules of others. */
export async function crowd(host: Namespace): Promise<void> {
  await ipBatch(
    host,
    numbers(BRIDGES).flatMap((bridge) => [
      `link add ${bridgeName(bridge)} type bridge`,
      `addr add ${subnetOf(bridge)}.1/24 dev ${bridgeName(bridge)}`,
      `link set ${bridgeName(bridge)} up`,
    ]),
  );
  await host.expect(['nft', '-f', '-'], { input: `${foreignTable().join('\n')}\n` });
}

function foreignTable(): readonly string[] {
  const masquerading = numbers(BRIDGES).map(
    (bridge) => `    ip saddr ${subnetOf(bridge)}.0/24 oifname != "${bridgeName(bridge)}" counter masquerade`,
  );
  const accepting = numbers(FOREIGN_RULES - BRIDGES).map(
    (rule) => `    ip saddr ${subnetOf(rule % BRIDGES)}.0/24 tcp dport ${1024 + rule} counter accept`,
  );
  return [
    'table ip others {',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    ...masquerading,
    '  }',
    '  chain forward {',
    '    type filter hook forward priority filter; policy accept;',
    ...accepting,
    '  }',
    '}',
  ];
}
