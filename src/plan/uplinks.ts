import type { Policy } from '../policy/policy.ts';
import type { HostFacts } from './facts.ts';
import { isEngineBridge } from './interfaces.ts';
import type { Plan } from './plan.ts';
import { distinct, fits } from './wildcards.ts';

/**
 * The interfaces that lead out. Never an empty set, which would fence nothing without a word: without a default route
 * or a gateway (early boot) the last known uplinks serve, and without those everything but loopback and the container networks.
 */
export function chooseUplinks(
  policy: Policy,
  facts: HostFacts,
): { uplinks: Plan['uplinks']; notes: readonly string[] } {
  if (policy.uplinks !== 'auto') {
    const names = policy.uplinks.flatMap((pattern) => withoutLoopback(pattern, facts));
    return { uplinks: { mode: 'these', names: distinct(names) }, notes: [] };
  }
  const leading = leadingOut(facts);
  if (leading.length > 0) return { uplinks: { mode: 'these', names: distinct(leading) }, notes: [] };
  if (facts.lastUplinks.length > 0) {
    const names = distinct(facts.lastUplinks);
    return {
      uplinks: { mode: 'these', names },
      notes: [`no default route now: the last known uplinks serve (${names.join(', ')})`],
    };
  }
  return {
    uplinks: { mode: 'all-but', names: ['lo'] },
    notes: [
      'no default route and no uplink known: every interface but loopback and the container networks counts as an uplink',
    ],
  };
}

/** Overlays carry packets of containers from node to node, in packets of the host that leave by an uplink themselves. */
const OVERLAYS: ReadonlySet<string | undefined> = new Set(['vxlan', 'geneve', 'ipip', 'dummy']);

/**
 * Interfaces that carry a default route, and those with a route through a gateway (a corporate network, a VPC peering), but
 * for container networks and overlays.
 */
function leadingOut({ defaultRouteDevices, gatewayDevices, links, networks }: HostFacts): readonly string[] {
  const bridges = networks.map(({ bridge }) => bridge);
  const overlays = links.filter(({ kind }) => OVERLAYS.has(kind)).map(({ name }) => name);
  const beyond = gatewayDevices.filter(
    (name) => !isEngineBridge(name) && !bridges.includes(name) && !overlays.includes(name),
  );
  return [...defaultRouteDevices, ...beyond];
}

/** Nothing leaves by loopback: a glob that would take it stands for the interfaces that it fits now. */
function withoutLoopback(pattern: string, { links }: HostFacts): readonly string[] {
  if (!fits(pattern, 'lo')) return [pattern];
  return links.map(({ name }) => name).filter((name) => name !== 'lo' && fits(pattern, name));
}
