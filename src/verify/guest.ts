import { Address4, Address6 } from 'ip-address';
import type { Cidr } from '../addresses.ts';
import { PortfenceError } from '../errors.ts';
import { fields, list, parseJson, text } from '../observe/untrusted.ts';
import type { Family } from '../ports.ts';
import { createNamespace } from '../system/namespace.ts';
import type { System } from '../system/system.ts';
import { FAMILY_NAME, type Origin } from './model.ts';
import { highAddresses, type Network } from './networks.ts';
import { type Cleanup, ipBatch, must, removeLink, until } from './temporary.ts';

const CARRIER_MS = 3_000;

/** The kernel's own choice of a bridge's address is its lowest port's; ours is never that one, or containers would notice. */
const HIGH_MAC = 'fe:ff:ff:ff:ff:fe';

interface Attachment {
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
  cleanup: Cleanup,
): Promise<Origin> {
  const { bridge } = network;
  const attachments: Attachment[] = [];
  for (const family of families) {
    const gateway = network.gateways[family];
    if (gateway === undefined) continue;
    const address = await freeAddress(system, bridge, gateway);
    if (!address) throw new PortfenceError('SYSTEM', `${bridge} has no free ${FAMILY_NAME[family]} address`);
    attachments.push({ family, address, gateway: bare(gateway) });
  }
  const guest = await createNamespace(system);
  const port = `pfv${guest.pid.toString(36)}`;
  cleanup(async () => {
    // The kernel takes a namespace apart some time after its end; the link is to be gone when we are.
    await removeLink(system, port);
    await guest.close();
    // The host may have looked for it, to hand an answer on.
    for (const { address } of attachments) await system.run(['ip', 'neigh', 'del', bare(address), 'dev', bridge]);
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
    attachments.flatMap((one) => addressLines(one, mac)),
  );
  return {
    kind: network.kind,
    label: `${network.kind} ${bridge}`,
    network: bridge,
    via: undefined,
    addresses: Object.fromEntries(attachments.map(({ family, address }) => [family, bare(address)])),
    run: guest.run,
  };
}

/** The gateway's link address is written down, not asked for: packets that wait for an answer are dropped when they are many. */
function addressLines({ family, address, gateway }: Attachment, mac: string | undefined): readonly string[] {
  return [
    `addr add ${address} dev eth0${family === 'ipv6' ? ' nodad' : ''}`,
    ...(mac === undefined ? [] : [`neigh replace ${gateway} lladdr ${mac} dev eth0 nud permanent`]),
    `route add default via ${gateway} dev eth0`,
  ];
}

const bare = (address: Cidr): string => address.split('/')[0] ?? address;

const CANDIDATES = 4;
/** Neighbours on one host's own bridge answer within a millisecond. */
const ANSWER_MS = 100;

/**
 * An address of the bridge's subnet that nobody answers for, with the subnet's length; undefined where there is none. The
 * kernel itself is made to ask for the neighbour (NTF_USE), and forgets it again.
 */
async function freeAddress(system: System, bridge: string, gateway: Cidr): Promise<Cidr | undefined> {
  const known = await neighbours(system, bridge);
  const candidates = highAddresses(gateway, [...known.keys()], CANDIDATES);
  const asked: string[] = [];
  for (const address of candidates) {
    const { code } = await system.run(['ip', 'neigh', 'replace', address, 'dev', bridge, 'use']);
    if (code === 0) asked.push(address);
  }
  let answers = known;
  try {
    await until(system, asked.length > 0 ? ANSWER_MS : 0, async () => {
      answers = await neighbours(system, bridge);
      return asked.every((address) => answers.get(address) === true);
    });
  } finally {
    for (const address of asked) await system.run(['ip', 'neigh', 'del', address, 'dev', bridge]);
  }
  const free = candidates.find((address) => answers.get(address) !== true);
  return free && `${free}/${lengthOf(gateway)}`;
}

const lengthOf = (gateway: Cidr): number =>
  (gateway.includes(':') ? new Address6(gateway) : new Address4(gateway)).subnetMask;

/** Neighbours on a link by address, and whether each has answered. */
async function neighbours(system: System, bridge: string): Promise<ReadonlyMap<string, boolean>> {
  const json = await must(system, ['ip', '-j', 'neigh', 'show', 'dev', bridge]);
  return new Map(
    list(parseJson(json, 'ip neigh')).flatMap((entry) => {
      const neighbour = fields(entry);
      const address = text(neighbour['dst']);
      return address === undefined ? [] : [[address, text(neighbour['lladdr']) !== undefined] as const];
    }),
  );
}

/** What of a link changes while it comes up. */
interface LinkState {
  readonly mac: string | undefined;
  readonly up: boolean;
  /** As a bridge's port: whether the bridge passes its packets on. */
  readonly forwarding: boolean;
}

async function linkState(system: Pick<System, 'run'>, name: string): Promise<LinkState> {
  const json = await must(system, ['ip', '-j', '-d', 'link', 'show', 'dev', name]);
  const link = fields(list(parseJson(json, 'ip link'))[0]);
  const port = fields(fields(link['linkinfo'])['info_slave_data']);
  return {
    mac: text(link['address']),
    up: text(link['operstate']) === 'UP',
    forwarding: text(port['state']) === 'forwarding',
  };
}
