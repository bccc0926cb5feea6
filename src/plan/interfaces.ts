import type { Policy } from '../policy/policy.ts';
import type { EngineView } from './engine-networks.ts';
import type { HostFacts, Link } from './facts.ts';
import { isInterfaceName } from './interface-name.ts';
import { distinct, fitsAny } from './wildcards.ts';

const HEX = [...'0123456789abcdef'];

/**
 * Bridges of engines whose networks are masqueraded by default, as wildcards, so that a network made a millisecond ago is
 * fenced from its first packet. Docker names its own `br-` + twelve hex digits; two of them in the wildcard keep
 * `br-lan`, `br-ex` or `br-int` out.
 */
const PER_NETWORK: readonly string[] = ['docker*'];
/** Engines that make a network's rules with its containers: that there is none now says nothing. */
const PER_CONTAINER: readonly string[] = ['podman*', 'cni-podman*', 'nerdctl*'];
const ENGINE_NAMES: readonly string[] = [...PER_NETWORK, ...PER_CONTAINER];
const ENGINE_DEFAULTS: readonly string[] = [...ENGINE_NAMES, ...HEX.flatMap((a) => HEX.map((b) => `br-${a}${b}*`))];

/** The same, where it matters little that `br-ex` is taken for one until it is known. */
const DOCKER_BRIDGES: readonly string[] = HEX.map((digit) => `br-${digit}*`);

/**
 * Bridges and veths of containers and pods, whose address is a matter of rules alone: CNI's bridge and ptp, AWS, Calico, Cilium,
 * GKE, Azure, kubenet, kube-router, Weave, LXC, LXD and Incus.
 */
const POD_LINKS: readonly string[] = [
  ...['cni*', 'veth*', 'eni*', 'cali*', 'lxc*', 'gke*', 'azv*', 'azure*'],
  ...['cbr*', 'kube-bridge*', 'weave*', 'lxdbr*', 'incusbr*'],
];

const DOCKER_BRIDGE = /^br-[0-9a-f]{12}$/;

export interface ContainerInterfaces {
  /** Interfaces on which containers' packets arrive. */
  readonly containers: readonly string[];
  /** Interfaces that a wildcard above would take, but that are known to belong to others. */
  readonly others: readonly string[];
  /** Those with such a default that were there when the plan was made, so that the rules of others are known for them. */
  readonly known: readonly string[];
  /** Those of a network whose engine masquerades it by default, should it be newer than the plan. */
  readonly engineDefaults: readonly string[];
}

/** Which interfaces are container networks: by the engines' names for them, refined by what the engines' APIs and the kernel say. */
export function containerInterfaces(
  policy: Policy,
  { facts, view }: { readonly facts: HostFacts; readonly view: EngineView },
  uplinks: readonly string[],
): ContainerInterfaces {
  const wanted = policy.containers.interfaces;
  const named = facts.links.filter(({ name }) => isInterfaceName(name));
  const links = named.map(({ name }) => name);
  if (wanted !== 'auto') {
    return {
      containers: distinct(wanted),
      others: exactUplinks(facts, wanted, uplinks),
      known: distinct(links.filter((name) => fitsAny(wanted, name))),
      engineDefaults: distinct(wanted),
    };
  }
  const bridges = facts.networks.flatMap((network) => network.bridge ?? []);
  const engineDefaults = distinct([...ENGINE_DEFAULTS, ...bridges]);
  const containers = distinct([...ENGINE_NAMES, ...DOCKER_BRIDGES, ...POD_LINKS, ...bridges, ...pods(facts, uplinks)]);
  const foreign = named
    .filter((link) => fitsAny(containers, link.name) && !bridges.includes(link.name) && isForeign(link))
    .map((link) => link.name);
  return {
    containers,
    others: distinct([...foreign, ...exactUplinks(facts, containers, uplinks)]),
    known: distinct(
      links.filter(
        (name) =>
          fitsAny(engineDefaults, name) && !fitsAny(PER_CONTAINER, name) && !followsEngine(name, { facts, view }),
      ),
    ),
    engineDefaults,
  };
}

/** Whether the engine's word counts about all that arrives on its bridge, so that it needs no rule of its own here. */
const followsEngine = (
  bridge: string,
  { facts, view }: { readonly facts: HostFacts; readonly view: EngineView },
): boolean => facts.networks.some((network) => network.bridge === bridge) && hasNoRulesOfOthers(bridge, view.networks);

/** Whether no rules of others decide about a network of this bridge, in either family. */
export const hasNoRulesOfOthers = (bridge: string, networks: EngineView['networks']): boolean =>
  networks
    .filter(({ network }) => network.bridge === bridge)
    .every(({ by, family }) => by === 'engine' || (by === 'none' && family === 'ipv6'));

/** Veths without a bridge that a single address is routed to. */
function pods({ links, podDevices }: HostFacts, uplinks: readonly string[]): readonly string[] {
  return links
    .filter(({ name, kind, master }) => kind === 'veth' && master === undefined && podDevices.includes(name))
    .map(({ name }) => name)
    .filter((name) => isInterfaceName(name) && !fitsAny(uplinks, name));
}

/** Whether the name is one that an engine gives to a bridge whose networks it translates by default. */
export const hasEngineName = (name: string): boolean => fitsAny(ENGINE_DEFAULTS, name);

/** Whether the name is one that an engine or a CNI plugin gives to a container network's interface. */
export const isEngineBridge = (name: string): boolean => fitsAny([...ENGINE_DEFAULTS, ...POD_LINKS], name);

function isForeign(link: Link): boolean {
  return link.name.startsWith('br-') && !DOCKER_BRIDGE.test(link.name);
}

function exactUplinks(facts: HostFacts, containers: readonly string[], uplinks: readonly string[]): readonly string[] {
  const names = [
    ...facts.links.map((link) => link.name).filter(isInterfaceName),
    ...uplinks.filter((name) => !name.endsWith('*')),
  ];
  return distinct(names.filter((name) => fitsAny(uplinks, name) && fitsAny(containers, name)));
}
