import type { Policy } from '../policy/policy.ts';
import { engineView } from './engine-networks.ts';
import type { HostFacts } from './facts.ts';
import { followNat, unfollowedNotes } from './follow.ts';
import { containerInterfaces } from './interfaces.ts';
import type { Plan } from './plan.ts';
import { namedSets } from './sets.ts';
import { hostSettings } from './settings.ts';
import { containerSteps, entrySteps, forwardedSteps, hostSteps, step } from './steps.ts';
import { translatedSets } from './translated.ts';
import { keepSteps, newNetworkSteps, undecidedSteps } from './undecided.ts';
import { chooseUplinks } from './uplinks.ts';
import { watchSteps } from './watch.ts';

/** Policy and facts to plan. Pure and deterministic: equal input gives an equal plan, and nothing is asked or written. */
export function compile(policy: Policy, facts: HostFacts): Plan {
  const { uplinks, notes: uplinkNotes } = chooseUplinks(policy, facts);
  const view = engineView(facts, uplinks.mode === 'these' ? uplinks.names : []);
  const interfaces = containerInterfaces(policy, { facts, view }, uplinks.mode === 'these' ? uplinks.names : []);
  const sets = namedSets(policy, facts, interfaces, uplinks);
  const { settings, notes: settingNotes } = hostSettings(policy, facts);
  const { families, protocols, ports: ranges } = policy;
  const nat = followNat(view.standing, { families, protocols, ranges, uplinks });
  const follow = step('follow', [], { do: 'follow' }, 'the address is decided as by the NAT rules of others');
  const plan: Plan = {
    ranges,
    protocols,
    families,
    uplinks,
    sets,
    entry: entrySteps(policy, sets),
    origins: {
      host: policy.host === 'off' ? hostSteps(policy, facts, sets) : [...hostSteps(policy, facts, sets), follow],
      containers: [...containerSteps(policy, sets), follow],
      forwarded: [...forwardedSteps(policy, sets), follow],
    },
    nat,
    undecided: undecidedSteps(policy, view, sets),
    newNetwork: newNetworkSteps(policy, facts),
    keep: keepSteps(policy),
    watch: watchSteps(policy, { facts, sets, nat }),
    guard: policy.guard,
    settings,
    notes: [...uplinkNotes, ...settingNotes, ...unfollowedNotes(nat)],
  };
  return { ...plan, sets: [...sets, ...translatedSets(plan, facts)].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}
