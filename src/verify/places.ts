import { observeSysctls } from '../observe/sysctls.ts';
import type { Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import { attachGuest } from './guest.ts';
import { containerNetworks, isContainerInterface, type Network } from './networks.ts';
import type { NotThere, Origin } from './origin.ts';
import { bridgeName, makeOwnNetwork } from './own-network.ts';
import type { Prepared } from './prepare.ts';
import { startContainer } from './real-container.ts';
import { FAMILY_NAME } from './result.ts';
import type { Undo } from './undo.ts';

/** Somewhere to send from, made when its turn comes. */
export interface Place {
  readonly label: string;
  readonly network?: string;
  readonly families: readonly Family[];
  /** Throws SYSTEM where it ought to work and does not. */
  open(undo: Undo): Promise<Origin | NotThere>;
}

/** The host, each container network that is there (else one of our own), and a real container. */
export async function placesToSendFrom(
  system: System,
  { setting: { policy, plan, facts }, targets, routes }: Prepared,
  dockerHost: string | undefined,
): Promise<{ places: readonly Place[]; notes: readonly string[] }> {
  const families = targets.map(({ family }) => family);
  const { networks, notes: skipped } = containerNetworks(plan, facts);
  const notes = [...skipped];
  const places: Place[] = [];
  if (policy.host === 'off') notes.push('not checked: the host itself, which the policy leaves alone');
  else places.push({ label: 'host', families, open: async () => hostOrigin(system, routes) });
  for (const network of networks) places.push(placeOn(system, network, families));
  for (const family of networks.length > 0 ? families : []) {
    if (networks.some(({ gateways }) => gateways[family])) continue;
    notes.push(`not checked: no container network here has an ${FAMILY_NAME[family]} address`);
  }
  if (networks.length === 0 && isContainerInterface(plan, bridgeName(system.pid))) {
    const { ipForward } = await observeSysctls(system);
    const forwarded = families.filter((family) => family === 'ipv4' || ipForward[family]);
    if (forwarded.length < families.length) {
      notes.push('not checked: containers over IPv6, which this host does not forward (net.ipv6.conf.all.forwarding)');
    }
    places.push(ownPlace(system, forwarded));
  } else if (networks.length === 0) {
    notes.push('not checked: containers, since no interface that the policy names for them is there with an address');
  }
  const engine = facts.networks.filter(
    (one) => one.engine === 'docker' && networks.some(({ bridge }) => bridge === one.bridge),
  );
  const docker = engine.find(({ name }) => name === 'bridge') ?? engine[0];
  if (docker?.bridge !== undefined) {
    const { name: network, bridge } = docker;
    places.push({
      label: 'docker container',
      network: bridge,
      families: families.filter((family) => networks.find((one) => one.bridge === bridge)?.gateways[family]),
      open: (undo) => startContainer(system, { network, bridge, dockerHost }, undo),
    });
  }
  return { places, notes };
}

function hostOrigin(system: System, routes: Prepared['routes']): Origin {
  const addresses = [...routes].flatMap(([family, { source }]) => (source ? [[family, source] as const] : []));
  return {
    kind: 'host',
    label: 'host',
    network: undefined,
    via: undefined,
    addresses: Object.fromEntries(addresses),
    run: system.run,
  };
}

function placeOn(system: System, network: Network, families: readonly Family[]): Place {
  const open = (undo: Undo) => attachGuest(system, network, families, undo);
  const own = families.filter((family) => network.gateways[family] !== undefined);
  return { label: `container ${network.bridge}`, network: network.bridge, families: own, open };
}

function ownPlace(system: System, families: readonly Family[]): Place {
  const network = bridgeName(system.pid);
  const open = async (undo: Undo) => attachGuest(system, await makeOwnNetwork(system, families, undo), families, undo);
  return { label: `container ${network}`, network, families, open };
}
