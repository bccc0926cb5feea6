import type { Policy } from '../policy/policy.ts';
import type { System } from '../system/system.ts';
import { STATE_FILE } from './paths.ts';

/** A sentence where the next boot begins with another policy than this one; none where nothing is installed. */
export async function bootNotes(system: System, policy: Policy): Promise<readonly string[]> {
  const boots = bootPolicy(await system.readText(STATE_FILE));
  if (boots === undefined || JSON.stringify(boots) === JSON.stringify(policy)) return [];
  return [
    'the next boot begins with another policy, until the agent has started: `portfence install systemd` renews it',
  ];
}

/** Whatever the installed state names as its policy; undefined for none. */
function bootPolicy(text: string | undefined): unknown {
  try {
    const state: unknown = JSON.parse(text ?? '');
    const wanted = typeof state === 'object' && state !== null && 'wanted' in state ? state.wanted : undefined;
    return typeof wanted === 'object' && wanted !== null && 'policy' in wanted ? wanted.policy : undefined;
  } catch {
    return undefined;
  }
}
