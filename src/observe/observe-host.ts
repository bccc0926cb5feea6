import { PortfenceError } from '../errors.ts';
import { NO_NAT } from '../nat/model.ts';
import type { HostFacts } from '../plan/facts.ts';
import type { Family, PortRange, PortSet } from '../ports.ts';
import type { System } from '../system/system.ts';
import { type AllChainListings, observeBaseChains } from './base-chains.ts';
import { observeBoundPorts } from './bound-ports.ts';
import { engineNat } from './engine-nat.ts';
import { type EngineFacts, observeEngines } from './engines.ts';
import { observeLinks } from './links.ts';
import { observeRouteDevices } from './routes.ts';
import { type ForeignNat, observeForeignNat } from './standing-nat.ts';
import { observeSysctls } from './sysctls.ts';

/** What observing a host may build on besides the host itself. */
export interface ObserveOptions {
  readonly dockerHost?: string | undefined;
  /** The host's chains, where somebody has asked for them already. */
  readonly chains?: Promise<AllChainListings>;
  /** What the state file remembers from before the fence; it takes the place of what the kernel says now. */
  readonly saved: {
    readonly localPortRange?: PortRange;
    readonly reservedPorts?: PortSet;
    readonly lastUplinks?: readonly string[];
    readonly engines?: readonly EngineFacts[];
    readonly engineNat?: readonly Family[];
  };
}

/**
 * Everything that a plan depends on, asked all at once; `notes` are sentences for people about what could not be known.
 * Changes nothing. Throws NOT_ROOT, SYSTEM, or TOOL_MISSING for ip; without nft the plan can still be made.
 */
export async function observeHost(
  system: System,
  { dockerHost, saved, chains: asked = observeBaseChains(system) }: ObserveOptions,
): Promise<{ facts: HostFacts; engines: readonly EngineFacts[]; notes: string[] }> {
  const [links, routes, sysctls, chains, { engines }, boundPorts] = await Promise.all([
    observeLinks(system),
    observeRouteDevices(system),
    observeSysctls(system),
    chainsOrNote(system, asked),
    observeEngines(system, { dockerHost, before: saved.engines ?? [] }),
    observeBoundPorts(system),
  ]);
  const silent = engines.flatMap(({ engine, socket, unreachable, remembered }) =>
    remembered
      ? [`${engine} at ${socket} does not answer: its networks and published ports are taken as it told them last`]
      : unreachable === undefined
        ? []
        : [
            `${engine} at ${socket} does not tell its networks (${unreachable}): they are known by their interface names alone`,
          ],
  );
  return {
    facts: {
      links,
      defaultRouteDevices: routes.defaults,
      defaultGateways: routes.nextHops,
      gatewayDevices: routes.gateways,
      podDevices: routes.hosts,
      boundPorts,
      lastUplinks: saved.lastUplinks ?? [],
      localPortRange: saved.localPortRange ?? sysctls.localPortRange,
      reservedPorts: saved.reservedPorts ?? sysctls.reservedPorts,
      unprivilegedPortStart: sysctls.unprivilegedPortStart,
      networks: engines.flatMap(({ networks }) => networks),
      publishedHostPorts: chains.nat.servers.flatMap(({ outer }) => outer ?? []),
      published: [
        ...engines.flatMap(({ published }) => published),
        ...chains.nat.servers.map(({ outer: _, ...server }) => server),
      ],
      engineNat: natOf(engines, engineNat(chains, chains.legacyMasquerade), saved.engineNat),
      standingNat: chains.nat.standing,
    },
    engines,
    notes: [...silent, ...chains.notes],
  };
}

/**
 * Where an engine is known and no rule of any is left, they were flushed: what it masqueraded before it will again when
 * it has made them anew, and its containers need it meanwhile. A rule of any family is the engine's own word.
 */
function natOf(
  engines: readonly EngineFacts[],
  seen: readonly Family[],
  before: readonly Family[] = [],
): readonly Family[] {
  return seen.length === 0 && engines.length > 0 ? before : seen;
}

async function chainsOrNote(
  system: System,
  asked: Promise<AllChainListings>,
): Promise<AllChainListings & { readonly nat: ForeignNat; readonly notes: readonly string[] }> {
  try {
    const chains = await asked;
    const { notes, ...nat } = await observeForeignNat(system, chains);
    return { ...chains, nat, notes };
  } catch (error) {
    if (!(error instanceof PortfenceError) || error.code !== 'TOOL_MISSING') throw error;
    return {
      ...{ baseChains: [], regularChains: [], legacyNat: [], legacyMasquerade: [] },
      nat: { standing: NO_NAT, servers: [] },
      notes: ['nft is missing: the NAT rules of others are not known, and none is followed'],
    };
  }
}
