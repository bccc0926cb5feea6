import type { Policy } from '../policy/policy.ts';
import type { HostFacts, Link } from './facts.ts';

const HEX = [...'0123456789abcdef'];

/**
 * Bridges that engines make, as wildcards, so that a network made a millisecond ago is fenced from its first packet.
 * Docker names its own `br-` + twelve hex digits; two of them in the wildcard keep `br-lan`, `br-ex` or `br-int` out.
 */
const ENGINE_BRIDGES: readonly string[] = [
  'docker*',
  'podman*',
  'cni*',
  'nerdctl*',
  ...HEX.flatMap((a) => HEX.map((b) => `br-${a}${b}*`)),
];

const DOCKER_BRIDGE = /^br-[0-9a-f]{12}$/;

/** Whether an interface name fits a name or a wildcard that ends in `*`. */
export function fits(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

export function fitsAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => fits(pattern, name));
}

/** Sorted, without repeats, and without what a wildcard of the list covers already (nft refuses overlapping elements). */
export function distinct(patterns: readonly string[]): readonly string[] {
  const all = [...new Set(patterns)];
  return all
    .filter((one) => !all.some((other) => other !== one && other.endsWith('*') && one.startsWith(other.slice(0, -1))))
    .sort();
}

export interface ContainerInterfaces {
  /** Interfaces on which containers' packets arrive. */
  readonly containers: readonly string[];
  /** Interfaces that a wildcard above would take, but that are known to be somebody else's. */
  readonly others: readonly string[];
}

/** Which interfaces are container networks: by the engines' names for them, refined by what the engines' APIs and the kernel say. */
export function containerInterfaces(policy: Policy, facts: HostFacts, uplinks: readonly string[]): ContainerInterfaces {
  const wanted = policy.containers.interfaces;
  if (wanted !== 'auto') return { containers: distinct(wanted), others: exactUplinks(facts, wanted, uplinks) };
  const bridges = facts.networks.flatMap((network) => network.bridge ?? []);
  const containers = distinct([...ENGINE_BRIDGES, ...bridges]);
  const foreign = facts.links
    .filter((link) => fitsAny(containers, link.name) && !bridges.includes(link.name) && isForeign(link))
    .map((link) => link.name);
  return { containers, others: distinct([...foreign, ...exactUplinks(facts, containers, uplinks)]) };
}

function isForeign(link: Link): boolean {
  return link.name.startsWith('br-') && !DOCKER_BRIDGE.test(link.name);
}

function exactUplinks(facts: HostFacts, containers: readonly string[], uplinks: readonly string[]): readonly string[] {
  const names = [...facts.links.map((link) => link.name), ...uplinks.filter((name) => !name.endsWith('*'))];
  return distinct(names.filter((name) => fitsAny(uplinks, name) && fitsAny(containers, name)));
}
