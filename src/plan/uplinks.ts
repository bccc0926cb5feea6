import type { Policy } from '../policy/policy.ts';
import type { HostFacts } from './facts.ts';
import { distinct, fits } from './interfaces.ts';
import type { Plan } from './plan.ts';

/**
 * The interfaces that lead out. Never an empty set, which would fence nothing without a word: without a default route
 * (early boot) the last known uplinks serve, and without those everything but loopback and the container networks.
 */
export function chooseUplinks(
  policy: Policy,
  facts: HostFacts,
): { uplinks: Plan['uplinks']; notes: readonly string[] } {
  if (policy.uplinks !== 'auto') {
    const names = policy.uplinks.flatMap((pattern) => withoutLoopback(pattern, facts));
    return { uplinks: { mode: 'these', names: distinct(names) }, notes: [] };
  }
  if (facts.defaultRouteDevices.length > 0) {
    return { uplinks: { mode: 'these', names: distinct(facts.defaultRouteDevices) }, notes: [] };
  }
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

/** Nothing leaves by loopback: a glob that would take it stands for the interfaces that it fits now. */
function withoutLoopback(pattern: string, { links }: HostFacts): readonly string[] {
  if (!fits(pattern, 'lo')) return [pattern];
  return links.map(({ name }) => name).filter((name) => name !== 'lo' && fits(pattern, name));
}
