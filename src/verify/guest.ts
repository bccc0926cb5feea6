import type { Cidr } from '../addresses.ts';
import { PortfenceError } from '../errors.ts';
import type { Family } from '../ports.ts';
import { holdNamespace } from '../system/namespace.ts';
import type { System } from '../system/system.ts';
import { ipBatch, removeLink } from './command.ts';
import { freeAddress } from './free-address.ts';
import { linkState } from './link-state.ts';
import type { Network } from './networks.ts';
import type { Origin } from './origin.ts';
import { FAMILY_NAME } from './result.ts';
import type { Undo } from './undo.ts';
import { until } from './until.ts';

const CARRIER_MS = 3_000;

/** The kernel's own choice of a bridge's address is its lowest port's; ours is never that one, or containers would notice. */
const HIGH_MAC = 'fe:ff:ff:ff:ff:fe';

interface Place {
  readonly family: Family;
  readonly address: Cidr;
  readonly gateway: string;
}

/**
 * A short-lived namespace on a container network, attached as an engine attaches a container. It ends with this process at
 * the latest, and its links with it. Throws SYSTEM where the network has no free address, or does not come up.
 */
export async function attachGuest(
  system: System,
  network: Network,
  families: readonly Family[],
  undo: Undo,
): Promise<Origin> {
  const { bridge } = network;
  const places: Place[] = [];
  for (const family of families) {
    const gateway = network.gateways[family];
    if (gateway === undefined) continue;
    const address = await freeAddress(system, bridge, gateway);
    if (!address) throw new PortfenceError('SYSTEM', `${bridge} has no free ${FAMILY_NAME[family]} address`);
    places.push({ family, address, gateway: bare(gateway) });
  }
  const guest = await holdNamespace(system);
  const port = `pfv${guest.pid.toString(36)}`;
  undo(async () => {
    // The kernel takes a namespace apart some time after its end; the link is to be gone when we are.
    await removeLink(system, port);
    await guest.close();
    // The host may have looked for it, to hand an answer on.
    for (const { address } of places) await system.run(['ip', 'neigh', 'del', bare(address), 'dev', bridge]);
  });
  await ipBatch(system, [
    `link add ${port} address ${HIGH_MAC} type veth peer name eth0 netns ${guest.pid}`,
    `link set ${port} master ${bridge}`,
    `link set ${port} up`,
  ]);
  await ipBatch(guest, ['link set eth0 up']);
  const isUp = () =>
    until(system, CARRIER_MS, async () => {
      const [ours, theirs] = await Promise.all([linkState(system, port), linkState(guest, 'eth0')]);
      return ours.up && ours.forwarding && theirs.up;
    });
  if (!(await isUp())) {
    throw new PortfenceError('SYSTEM', `${bridge} does not pass packets on`, { hint: `look at it: bridge link show` });
  }
  const { mac } = await linkState(system, bridge);
  await ipBatch(
    guest,
    places.flatMap((place) => placeLines(place, mac)),
  );
  return {
    kind: 'container',
    label: `container ${bridge}`,
    network: bridge,
    via: undefined,
    addresses: Object.fromEntries(places.map(({ family, address }) => [family, bare(address)])),
    run: guest.run,
  };
}

/** The gateway's link address is told, not asked for: packets that wait for an answer are dropped when they are many. */
function placeLines({ family, address, gateway }: Place, mac: string | undefined): readonly string[] {
  return [
    `addr add ${address} dev eth0${family === 'ipv6' ? ' nodad' : ''}`,
    ...(mac === undefined ? [] : [`neigh replace ${gateway} lladdr ${mac} dev eth0 nud permanent`]),
    `route add default via ${gateway} dev eth0`,
  ];
}

const bare = (address: Cidr): string => address.split('/')[0] ?? address;
