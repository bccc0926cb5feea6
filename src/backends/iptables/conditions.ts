import type { Cidr } from '../../addresses.ts';
import type { BoundPort } from '../../plan/facts.ts';
import type { Condition, Plan, SetName, Step } from '../../plan/plan.ts';
import { complement, type Family, type Protocol, portSet } from '../../ports.ts';
import { foreignMatches } from './foreign.ts';
import { ALWAYS, allOf, type Either, MADE_HERE, type Match, NEVER } from './match.ts';
import { portMatches } from './port-matches.ts';
import type { View } from './view.ts';

/** One condition as matches any of which will do. */
export function either(condition: Condition, view: View): Either {
  const { plan, family } = view;
  const known = knownOf(condition, view);
  if (known) return known;
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
      return portMatches('sport', condition.is ? condition.in : complement(condition.in), plan.protocols);
    case 'published':
      return published(plan, condition.set, family);
    case 'bound-socket':
      return plan.sets.flatMap((set) => (set.holds === 'ports' ? boundMatches(set.elements, plan.protocols) : []));
    case 'made-here':
      return MADE_HERE;
    case 'source-local':
      if (view.isGuard && !condition.is) return [words('-m conntrack ! --ctstate SNAT --ctstatus CONFIRMED')];
      return [words(`-m addrtype ${condition.is ? '' : '! '}--src-type LOCAL`)];
    case 'opening':
      return [{ protocol: 'tcp', words: ['-m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN'] }];
    case 'arrived-on':
      if (view.arrival.by === 'interface') return interfaces('-i', elementsOf(plan, condition.set));
      return bySource(condition.set, view.arrival.containers, view);
    case 'unfollowed':
      // iptables has no set that remembers the flow: what may have met the rule is asked again.
      return stepsLeftTo(condition.rule, view).flatMap(({ when }) => allOf(when.map((one) => either(one, view))));
    case 'foreign':
      return condition.family === family ? foreignMatches(condition.condition, view) : NEVER;
  }
}

/** What the origin of a packet says already. */
function knownOf(condition: Condition, { plan, origin }: View): Either | undefined {
  const yes = (is: boolean): Either => (is ? ALWAYS : NEVER);
  if (origin === 'host') {
    if (condition.test === 'made-here') return ALWAYS;
    if (condition.test === 'source-local') return yes(condition.is);
    return condition.test === 'arrived-on' ? NEVER : undefined;
  }
  if (origin === undefined || condition.test !== 'arrived-on') return undefined;
  const isForwarded = origin === 'forwarded';
  // What is forwarded may have arrived on an interface that is named like a container's and is none.
  if (isForwarded && plan.sets.some(({ name }) => name === 'not_containers')) return undefined;
  if (condition.set === 'not_containers') return NEVER;
  return isForwarded || condition.set === 'containers' ? yes(!isForwarded) : undefined;
}

function bySource(set: SetName, containers: readonly Cidr[], view: View): Either {
  return set === 'containers' || set === 'known_containers' ? blocks('-s', containers, view) : NEVER;
}

const stepsLeftTo = (rule: number, { plan, family }: View): readonly Step[] =>
  plan.nat.chains
    .filter((chain) => chain.family === family)
    .flatMap(({ steps }) => steps)
    .filter(({ then }) => then.do === 'leave' && then.rule === rule);

function boundMatches(bound: readonly BoundPort[], protocols: readonly Protocol[]): Either {
  return protocols.flatMap((protocol) => {
    const ports = bound.filter((one) => one.protocol === protocol).map(({ port }) => ({ from: port, to: port }));
    return portMatches('sport', portSet(...ports), [protocol]);
  });
}

const words = (...all: readonly string[]): Match => ({ words: all });

export function uplinkNames({ uplinks, sets }: Plan): readonly string[] {
  const name = uplinks.mode === 'these' ? 'uplinks' : 'not_uplinks';
  return sets.flatMap((set) => (set.name === name && set.holds === 'interfaces' ? set.elements : []));
}

function elementsOf(plan: Plan, name: SetName): readonly string[] {
  return plan.sets.flatMap((set) =>
    set.name === name && set.holds !== 'published' && set.holds !== 'ports' ? set.elements : [],
  );
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
