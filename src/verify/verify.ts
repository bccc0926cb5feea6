import { PortfenceError } from '../errors.ts';
import { observeHost } from '../observe/observe-host.ts';
import { compile } from '../plan/compile.ts';
import type { Family } from '../ports.ts';
import { readState, stateFolder } from '../survey/state.ts';
import { type PolicySource, savedFacts } from '../survey/survey.ts';
import type { System } from '../system/system.ts';
import { type Checked, checkOrigin } from './check-origin.ts';
import { attachGuest } from './guest.ts';
import type { Setting } from './kinds.ts';
import { removeLeftovers } from './leftovers.ts';
import { containerNetworks, isContainerInterface } from './networks.ts';
import type { Origin } from './origin.ts';
import { makeOwnNetwork } from './own-network.ts';
import type { Check, Verified } from './result.ts';
import { type Route, routeTo } from './route.ts';
import { documentationTargets, peerTargets, type Target } from './target.ts';
import { type Undo, withUndo } from './undo.ts';

export interface VerifyOptions {
  readonly policy: PolicySource;
  /** Of each kind, 1 to 10,000. */
  readonly connections: number;
  /** `HOST:PORT` of a peer; documentation addresses where none is named. */
  readonly to?: string | undefined;
  readonly dockerHost?: string | undefined;
  readonly say: (line: string) => void;
  /** Ends the run when it fires; everything is removed first. */
  readonly signal?: AbortSignal;
}

/**
 * Sends real connections from the host and from container networks, and tells with which ports they left. Changes nothing
 * that stays. Throws NOT_ROOT, USAGE for a peer that is none, INTERRUPTED, TOOL_MISSING, KERNEL_REFUSED or SYSTEM.
 */
export async function verify(system: System, options: VerifyOptions): Promise<Verified> {
  if (!system.isRoot) {
    throw new PortfenceError('NOT_ROOT', 'verify needs root: it sends from network namespaces of its own', {
      hint: 'run it with sudo',
    });
  }
  try {
    return await verifyAll(system, options);
  } catch (cause) {
    if (!options.signal?.aborted) throw cause;
    throw new PortfenceError('INTERRUPTED', 'interrupted; everything that verify made is removed', { cause });
  }
}

interface Place {
  readonly name: string;
  open(undo: Undo): Promise<Origin | undefined>;
}

async function verifyAll(system: System, options: VerifyOptions): Promise<Verified> {
  const { signal, say } = options;
  await removeLeftovers(system);
  const { setting, targets, routes, notes } = await prepare(system, options);
  const families = targets.map(({ family }) => family);
  const { places, notes: placeNotes } = placesToSendFrom(system, setting, families, routes);
  const results: Checked[] = [];
  for (const place of targets.length === 0 ? [] : places) {
    signal?.throwIfAborted();
    say(`${place.name}: ${setting.connections} connections of each kind to ${targets.map(toText).join(' and ')}`);
    const checked = await withUndo(async (undo): Promise<Checked> => {
      const origin = await place.open(undo);
      signal?.throwIfAborted();
      if (!origin) return { checks: [], notes: [`not checked: ${place.name} has no free address`] };
      return checkOrigin(system, origin, targets, setting);
    });
    results.push(checked);
  }
  signal?.throwIfAborted();
  const checks = results.flatMap((one) => one.checks);
  return { ok: allPass(checks), checks, notes: [...notes, ...placeNotes, ...results.flatMap((one) => one.notes)] };
}

function allPass(checks: readonly Check[]): boolean {
  return checks.length > 0 && checks.every(({ outcome, attempts }) => outcome === 'pass' && attempts > 0);
}

const toText = ({ address, ports }: Target): string => `${address} port ${ports[0]}`;

async function prepare(system: System, options: VerifyOptions) {
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

const FAMILY_NAME: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' };

function placesToSendFrom(
  system: System,
  { policy, plan, facts }: Setting,
  families: readonly Family[],
  routes: ReadonlyMap<Family, Route>,
): { places: readonly Place[]; notes: readonly string[] } {
  const places: Place[] = [];
  const { networks, notes: networkNotes } = containerNetworks(plan, facts);
  const notes = [...networkNotes];
  if (policy.host === 'off') notes.push('not checked: the host itself, which the policy leaves alone');
  else places.push({ name: 'host', open: async () => hostOrigin(system, routes) });
  for (const network of networks) {
    places.push({
      name: `container network ${network.bridge}`,
      open: (undo) => attachGuest(system, network, families, undo),
    });
  }
  for (const family of networks.length > 0 ? families : []) {
    if (networks.some(({ gateways }) => gateways[family])) continue;
    notes.push(`not checked: no container network here has an ${FAMILY_NAME[family]} address`);
  }
  if (networks.length === 0) {
    if (isContainerInterface(plan, 'br-fe2ce0000000')) {
      const open = async (undo: Undo) =>
        attachGuest(system, await makeOwnNetwork(system, families, undo), families, undo);
      places.push({ name: 'a container network of our own', open });
    } else notes.push('not checked: containers, since none of the interfaces that the policy names for them is there');
  }
  return { places, notes };
}

function hostOrigin(system: System, routes: ReadonlyMap<Family, Route>): Origin {
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
