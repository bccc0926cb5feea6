import type { Cidr } from '../addresses.ts';
import { blockHas } from '../addresses.ts';
import { fields, list, parseJson, text } from '../observe/untrusted.ts';
import { FAMILIES, type Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import { ipBatch, removeLink } from './command.ts';
import type { Network } from './networks.ts';
import type { Undo } from './undo.ts';

/** Docker names its bridges `br-` and 12 hex digits, by which ours counts as a container network. */
export const OWN_BRIDGE = /^br-fe2ce0([0-9a-f]{6})$/;
/** The name of the network that the process with this id makes. */
export const bridgeName = (pid: number): string => `br-fe2ce0${pid.toString(16).padStart(6, '0')}`;

/** Tells our bridge from one of an engine that happens to have such a name. */
export const OWN_ALIAS = 'portfence verify';

/** Blocks set aside for measuring first (RFC 2544), then private ones; the last addresses of each. */
const BLOCKS: Readonly<Record<Family, readonly Cidr[]>> = {
  ipv4: ['198.19.255.249/29', '198.18.255.249/29', '10.255.255.249/29', '172.31.255.249/29', '192.168.255.249/29'],
  ipv6: ['fdfe:2ce0:ffff:ffff::1/64', 'fdfe:2ce0:ffff:fffe::1/64'],
};

/** A container network of our own, for hosts that have none. It is removed in the end. */
export async function makeOwnNetwork(system: System, families: readonly Family[], undo: Undo): Promise<Network> {
  const bridge = bridgeName(system.pid);
  const routed = await routedBlocks(system);
  const gateways = new Map<Family, Cidr>();
  for (const family of families) {
    const free = BLOCKS[family].find((block) => !routed.some((other) => overlap(other, block)));
    if (free) gateways.set(family, free);
  }
  undo(async () => {
    await removeLink(system, bridge);
    // The host tells its multicast groups to every new network, which conntrack remembers for ten minutes.
    for (const [family, own] of gateways) {
      await system.run(['conntrack', '-D', '-f', family, '-s', own.split('/')[0] ?? own], { outlastsInterrupt: true });
    }
  });
  await ipBatch(system, [
    `link add ${bridge} type bridge`,
    `link set ${bridge} alias "${OWN_ALIAS}"`,
    ...[...gateways].map(([family, own]) => `addr add ${own} dev ${bridge}${family === 'ipv6' ? ' nodad' : ''}`),
    `link set ${bridge} up`,
  ]);
  return { bridge, gateways: Object.fromEntries(gateways) };
}

const overlap = (a: Cidr, b: Cidr): boolean => blockHas(a, b) || blockHas(b, a);

/** Every destination that has a route of its own, in any table. */
async function routedBlocks(system: System): Promise<readonly Cidr[]> {
  const all = await Promise.all(
    FAMILIES.map((family) =>
      system.run(['ip', '-j', family === 'ipv4' ? '-4' : '-6', 'route', 'show', 'table', 'all']),
    ),
  );
  return all.flatMap(({ code, stdout }) =>
    code !== 0
      ? []
      : list(parseJson(stdout, 'ip route')).flatMap((entry) => {
          const destination = text(fields(entry)['dst']);
          return destination === undefined || destination === 'default' ? [] : [destination];
        }),
  );
}
