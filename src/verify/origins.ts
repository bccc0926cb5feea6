import { observeSysctls } from '../observe/sysctls.ts';
import type { Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import { attachGuest } from './guest.ts';
import { FAMILY_NAME, type Origin, type OriginKind, type Unavailable } from './model.ts';
import {
  bridgeName,
  containerNetworks,
  guestNetworks,
  isContainerInterface,
  makeOwnNetwork,
  type Network,
} from './networks.ts';
import type { Prepared } from './prepare.ts';
import { startContainer } from './real-container.ts';
import type { Cleanup } from './temporary.ts';

/** Somewhere to send from, made when its turn comes. */
export interface OriginSource {
  readonly kind: OriginKind;
  readonly label: string;
  readonly network?: string;
  readonly families: readonly Family[];
  /** Throws SYSTEM where it ought to work and does not. */
  open(cleanup: Cleanup): Promise<Origin | Unavailable>;
}

/** The host, each container network that is there (else one of our own), a real container, and guests that are translated. */
export async function originSources(
  system: System,
  { run: { policy, plan, facts }, targets, routes }: Prepared,
  dockerHost: string | undefined,
): Promise<{ sources: readonly OriginSource[]; notes: readonly string[] }> {
  const families = targets.map(({ family }) => family);
  const { networks, notes: skipped } = containerNetworks(plan, facts);
  const notes = [...skipped];
  const sources: OriginSource[] = [];
  if (policy.host === 'off') notes.push('not checked: the host itself, which the policy leaves alone');
  else sources.push({ kind: 'host', label: 'host', families, open: async () => hostOrigin(system, routes) });
  for (const network of networks) sources.push(networkSource(system, network, families));
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
    sources.push(ownNetworkSource(system, forwarded));
  } else if (networks.length === 0) {
    notes.push('not checked: containers, since no interface that the policy names for them is there with an address');
  }
  const engine = facts.networks.filter(
    (one) => one.engine === 'docker' && networks.some(({ bridge }) => bridge === one.bridge),
  );
  const docker = engine.find(({ name }) => name === 'bridge') ?? engine[0];
  if (docker?.bridge !== undefined) {
    const { name: network, bridge } = docker;
    sources.push({
      kind: 'container',
      label: 'docker container',
      network: bridge,
      families: families.filter((family) => networks.find((one) => one.bridge === bridge)?.gateways[family]),
      open: (cleanup) => startContainer(system, { network, bridge, dockerHost }, cleanup),
    });
  }
  for (const network of guestNetworks(plan, facts, routes)) sources.push(networkSource(system, network, families));
  return { sources, notes };
}

export function hostOrigin(system: Pick<System, 'run'>, routes: Prepared['routes']): Origin {
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

function networkSource(system: System, network: Network, families: readonly Family[]): OriginSource {
  const open = (cleanup: Cleanup) => attachGuest(system, network, families, cleanup);
  const own = families.filter((family) => network.gateways[family] !== undefined);
  const { kind, bridge } = network;
  return { kind, label: `${kind} ${bridge}`, network: bridge, families: own, open };
}

function ownNetworkSource(system: System, families: readonly Family[]): OriginSource {
  const network = bridgeName(system.pid);
  const open = async (cleanup: Cleanup) =>
    attachGuest(system, await makeOwnNetwork(system, families, cleanup), families, cleanup);
  return { kind: 'container', label: `container ${network}`, network, families, open };
}
