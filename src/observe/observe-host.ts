import { PortfenceError } from '../errors.ts';
import type { HostFacts } from '../plan/facts.ts';
import type { Family, PortRange, PortSet } from '../ports.ts';
import type { System } from '../system/system.ts';
import { type AllChains, observeBaseChains } from './base-chains.ts';
import { engineNat } from './engine-nat.ts';
import { type EngineFacts, observeEngines } from './engines.ts';
import { observeLinks } from './links.ts';
import { observeDefaultRouteDevices } from './routes.ts';
import { observeSysctls } from './sysctls.ts';

export interface ObserveOptions {
  readonly dockerHost?: string | undefined;
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
  { dockerHost, saved }: ObserveOptions,
): Promise<{ facts: HostFacts; engines: readonly EngineFacts[]; notes: string[] }> {
  const [links, defaultRouteDevices, sysctls, chains, { engines }] = await Promise.all([
    observeLinks(system),
    observeDefaultRouteDevices(system),
    observeSysctls(system),
    chainsOrNote(system),
    observeEngines(system, { dockerHost, before: saved.engines ?? [] }),
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
      defaultRouteDevices,
      lastUplinks: saved.lastUplinks ?? [],
      localPortRange: saved.localPortRange ?? sysctls.localPortRange,
      reservedPorts: saved.reservedPorts ?? sysctls.reservedPorts,
      unprivilegedPortStart: sysctls.unprivilegedPortStart,
      networks: engines.flatMap(({ networks }) => networks),
      published: engines.flatMap(({ published }) => published),
      engineNat: natOf(engines, engineNat(chains, chains.legacyMasquerade), saved.engineNat),
    },
    engines,
    notes: [...silent, ...chains.notes],
  };
}

/**
 * Where an engine is known and no rule of any is left, somebody has flushed them: what it masqueraded before it will again when
 * it has made them anew, and its containers need it meanwhile. A rule of any family is the engine's own word.
 */
function natOf(
  engines: readonly EngineFacts[],
  seen: readonly Family[],
  before: readonly Family[] = [],
): readonly Family[] {
  return seen.length === 0 && engines.length > 0 ? before : seen;
}

async function chainsOrNote(system: System): Promise<AllChains & { notes: readonly string[] }> {
  try {
    return { ...(await observeBaseChains(system)), notes: [] };
  } catch (error) {
    if (!(error instanceof PortfenceError) || error.code !== 'TOOL_MISSING') throw error;
    const none = { baseChains: [], regularChains: [], legacyNat: [], legacyMasquerade: [] };
    return {
      ...none,
      notes: ['nft is missing: whether an engine masquerades IPv6 is not known, and it is taken for no'],
    };
  }
}
