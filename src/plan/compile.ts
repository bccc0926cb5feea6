import type { Policy } from '../policy/policy.ts';
import type { HostFacts } from './facts.ts';
import { containerInterfaces } from './interfaces.ts';
import type { Plan } from './plan.ts';
import { namedSets } from './sets.ts';
import { hostSettings } from './settings.ts';
import { containerSteps, entrySteps, forwardedSteps, hostSteps } from './steps.ts';
import { chooseUplinks } from './uplinks.ts';

/** Policy and facts to plan. Pure and deterministic: equal input gives an equal plan, and nothing is asked or written. */
export function compile(policy: Policy, facts: HostFacts): Plan {
  const { uplinks, notes: uplinkNotes } = chooseUplinks(policy, facts);
  const interfaces = containerInterfaces(policy, facts, uplinks.mode === 'these' ? uplinks.names : []);
  const sets = namedSets(policy, facts, interfaces, uplinks);
  const { settings, notes: settingNotes } = hostSettings(policy, facts);
  return {
    ranges: policy.ports,
    protocols: policy.protocols,
    families: policy.families,
    uplinks,
    sets,
    entry: entrySteps(policy, sets),
    origins: {
      host: hostSteps(policy, facts),
      containers: containerSteps(policy, facts, sets),
      forwarded: forwardedSteps(policy),
    },
    guard: policy.guard,
    settings,
    notes: [...uplinkNotes, ...settingNotes],
  };
}
