import { observeHost } from '../observe/observe-host.ts';
import { compile } from '../plan/compile.ts';
import type { Family } from '../ports.ts';
import { readState, stateFolder } from '../survey/state.ts';
import type { PolicySource } from '../survey/survey.ts';
import { savedFacts } from '../survey/survey.ts';
import type { System } from '../system/system.ts';
import type { Setting } from './kinds.ts';
import { FAMILY_NAME } from './result.ts';
import { type Route, routeTo } from './route.ts';
import { documentationTargets, peerTargets, type Target } from './target.ts';

export interface Prepared {
  readonly setting: Setting;
  /** Those that there is a way to. */
  readonly targets: readonly Target[];
  readonly routes: ReadonlyMap<Family, Route>;
  readonly notes: readonly string[];
}

interface Wish {
  readonly policy: PolicySource;
  readonly connections: number;
  readonly to?: string | undefined;
  readonly dockerHost?: string | undefined;
  readonly signal?: AbortSignal;
}

/** What is to be true here, where packets can be sent to, and what can't be checked. Changes nothing. */
export async function prepare(system: System, options: Wish): Promise<Prepared> {
  const state = await readState(system, await stateFolder(system));
  const host = await observeHost(system, { dockerHost: options.dockerHost, saved: savedFacts(state) });
  const { facts } = host;
  const policy = options.policy(facts.links.map(({ name }) => name));
  const plan = compile(policy, facts);
  const shift = (system.now() % 997) / 997;
  const wanted = options.to
    ? await peerTargets(system, options.to, policy.ports, options.connections)
    : documentationTargets(policy.ports, options.connections, shift);
  const notes = [...host.notes];
  if (wanted.connections < options.connections) {
    notes.push(
      `${wanted.connections} connections of each kind instead of ${options.connections}: more would fill the range`,
    );
  }
  if (policy.protocols.includes('sctp')) notes.push('not checked: sctp, which few kernels have sockets for');
  const routes = new Map<Family, Route>();
  for (const { family, address } of wanted.targets) {
    if (!policy.families.includes(family)) continue;
    const route = await routeTo(system, address);
    if (route) routes.set(family, route);
    else notes.push(`not checked: this host has no ${FAMILY_NAME[family]} route, so nothing can leave over it`);
  }
  const setting: Setting = { policy, facts, plan, connections: wanted.connections, shift, signal: options.signal };
  return { setting, targets: wanted.targets.filter(({ family }) => routes.has(family)), routes, notes };
}
