import type { Cidr } from '../../addresses.ts';
import { complement, type Family, type PortSet, type Protocol } from '../../ports.ts';
import type { Condition, Plan, SetName } from '../plan.ts';
import { ALWAYS, type Either, type Match, NEVER } from './match.ts';

/**
 * How a container's packet is known. By the interface that it arrived on, in chains of our own: Linux 5.7 and newer tell it at
 * postrouting (ip_output, "netfilter: Support iif matches in POSTROUTING"). By its source address before that.
 */
export type Arrival = { readonly by: 'interface' } | { readonly by: 'source'; readonly containers: readonly Cidr[] };

export interface View {
  readonly plan: Plan;
  readonly family: Family;
  readonly arrival: Arrival;
}

/** One condition as matches any of which will do. */
export function either(condition: Condition, view: View): Either {
  const { plan, family } = view;
  switch (condition.test) {
    case 'uplink':
      return interfaces('-o', uplinkNames(plan));
    case 'family':
      return (condition.family === family) === condition.is ? ALWAYS : NEVER;
    case 'protocol':
      return condition.in.map((protocol) => ({ protocol, words: [] }));
    case 'many-receivers':
      return [words(`-m addrtype --dst-type ${family === 'ipv4' ? 'BROADCAST,MULTICAST' : 'MULTICAST'}`)];
    case 'destination':
      return blocks('-d', condition.set ? elementsOf(plan, condition.set) : condition.in, view);
    case 'source':
      return blocks('-s', condition.set ? elementsOf(plan, condition.set) : condition.in, view);
    case 'source-port':
      return sourcePorts(condition.is ? condition.in : complement(condition.in), plan.protocols);
    case 'published':
      return published(plan, condition.set, family);
    case 'made-here':
      // A transparent proxy's packet has a socket here, but no address.
      return [words('-m addrtype --src-type LOCAL'), words('-m owner --socket-exists')];
    case 'source-local':
      return [words(`-m addrtype ${condition.is ? '' : '! '}--src-type LOCAL`)];
    case 'opening':
      return [{ protocol: 'tcp', words: ['-m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN'] }];
    case 'arrived-on':
      if (view.arrival.by === 'interface') return interfaces('-i', elementsOf(plan, condition.set));
      return condition.set === 'containers' ? blocks('-s', view.arrival.containers, view) : NEVER;
  }
}

const words = (...all: readonly string[]): Match => ({ words: all });

export function uplinkNames({ uplinks, sets }: Plan): readonly string[] {
  const name = uplinks.mode === 'these' ? 'uplinks' : 'not_uplinks';
  return sets.flatMap((set) => (set.name === name && set.holds === 'interfaces' ? set.elements : []));
}

function elementsOf(plan: Plan, name: SetName): readonly string[] {
  return plan.sets.flatMap((set) => (set.name === name && set.holds !== 'published' ? set.elements : []));
}

/** A wildcard at the end is written `+`. */
function interfaces(flag: '-i' | '-o', names: readonly string[]): Either {
  return names.map((name) => words(`${flag} ${name.replace(/\*$/, '+')}`));
}

function blocks(flag: '-s' | '-d', cidrs: readonly Cidr[], { family }: View): Either {
  const own = cidrs.filter((cidr) => cidr.includes(':') === (family === 'ipv6'));
  return own.map((cidr) => words(`${flag} ${cidr}`));
}

function published(plan: Plan, name: SetName, family: Family): Either {
  return plan.sets.flatMap((set) =>
    set.name === name && set.holds === 'published' && set.family === family
      ? set.elements.map(({ address, protocol, port }) => ({
          protocol,
          words: [`-s ${address}`, `-m ${protocol} --sport ${port}`],
        }))
      : [],
  );
}

/** How many ports one `-m multiport` takes; a range counts as two (XT_MULTI_PORTS). */
const SLOTS = 15;

/** One match a protocol, or several where the ports are more than one match takes. */
export function sourcePorts(ports: PortSet, protocols: readonly Protocol[]): Either {
  const parts = ports.map(({ from, to }) => ({
    text: from === to ? `${from}` : `${from}:${to}`,
    size: from === to ? 1 : 2,
  }));
  const [only, ...more] = parts;
  if (!only) return NEVER;
  return protocols.flatMap((protocol): Either => {
    if (more.length === 0) return [{ protocol, words: [`-m ${protocol} --sport ${only.text}`] }];
    return chunks(parts).map((chunk) => ({ protocol, words: [`-m multiport --sports ${chunk.join(',')}`] }));
  });
}

function chunks(parts: readonly { readonly text: string; readonly size: number }[]): readonly (readonly string[])[] {
  const all: string[][] = [];
  let room = 0;
  for (const { text, size } of parts) {
    if (size > room) {
      all.push([]);
      room = SLOTS;
    }
    all.at(-1)?.push(text);
    room -= size;
  }
  return all;
}
