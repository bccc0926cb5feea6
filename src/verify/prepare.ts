import { observeLinks } from '../observe/links.ts';
import { readNftObjects } from '../observe/nft-objects.ts';
import { observeHost } from '../observe/observe-host.ts';
import { fields, list, parseJson, text } from '../observe/untrusted.ts';
import { compile } from '../plan/compile.ts';
import type { Family } from '../ports.ts';
import { readState, stateFolder } from '../reconcile/state.ts';
import type { PolicySource } from '../reconcile/survey.ts';
import { savedFacts } from '../reconcile/survey.ts';
import type { System } from '../system/system.ts';
import type { Run } from './batches.ts';
import { FAMILY_NAME } from './model.ts';
import { OWN_ALIAS, OWN_BRIDGE } from './networks.ts';
import { PROBE_PREFIX, removeProbeTable } from './probe-table.ts';
import { documentationTargets, peerTargets, type Route, routeTo, type Target } from './target.ts';
import { must, removeLink } from './temporary.ts';

export interface Prepared {
  readonly run: Run;
  /** Those that there is a way to. */
  readonly targets: readonly Target[];
  readonly routes: ReadonlyMap<Family, Route>;
  readonly notes: readonly string[];
}

interface Wanted {
  readonly policy: PolicySource;
  readonly connections: number;
  readonly to?: string | undefined;
  readonly dockerHost?: string | undefined;
  readonly signal?: AbortSignal;
}

/** What is to be true here, where packets can be sent to, and what can't be checked. Changes nothing. */
export async function prepare(system: System, options: Wanted): Promise<Prepared> {
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
  const run: Run = { policy, facts, plan, connections: wanted.connections, shift, signal: options.signal };
  return { run, targets: wanted.targets.filter(({ family }) => routes.has(family)), routes, notes };
}

/** Removes what verifications that were killed have left: tables and bridges that bear the name of a process that is gone. */
export async function removeLeftovers(system: System): Promise<void> {
  const tables = readNftObjects(await must(system, ['nft', '-j', 'list', 'tables'])).flatMap(([kind, table]) => {
    const name = text(table['name']);
    return kind === 'table' && table['family'] === 'inet' && name?.startsWith(PROBE_PREFIX) ? [name] : [];
  });
  for (const name of tables) {
    if (await isGone(system, Number(name.slice(PROBE_PREFIX.length)))) await removeProbeTable(system, name);
  }
  for (const { name } of await observeLinks(system)) {
    const pid = OWN_BRIDGE.exec(name)?.[1];
    if (pid === undefined || !(await isOurs(system, name))) continue;
    if (await isGone(system, Number.parseInt(pid, 16))) await removeLink(system, name);
  }
}

async function isGone(system: System, pid: number): Promise<boolean> {
  return pid === system.pid || (await system.readText(`/proc/${pid}/stat`)) === undefined;
}

async function isOurs(system: System, name: string): Promise<boolean> {
  const json = await must(system, ['ip', '-j', 'link', 'show', 'dev', name]);
  return text(fields(list(parseJson(json, 'ip link'))[0])['ifalias']) === OWN_ALIAS;
}
