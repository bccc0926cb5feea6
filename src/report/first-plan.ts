import { ruleName, type StandingNat } from '../nat/model.ts';
import { portsText } from '../ports.ts';
import type { Survey } from '../reconcile/survey.ts';

/** What there is on a host that a first policy has to do with: uplinks, engines, and the source NAT of others. */
export function foundLines({ plan, facts, engines }: Survey): readonly string[] {
  const { mode, names } = plan.uplinks;
  const rules = mappingRules(facts.standingNat).size;
  return [
    mode === 'these'
      ? `uplinks: ${names.join(', ') || 'none'}`
      : `uplinks: every interface but ${names.join(', ')} and the container networks`,
    ...engines.map(({ engine, socket, unreachable, networks }) =>
      unreachable === undefined
        ? `${engine} (${socket}): networks ${networks.map(({ name }) => name).join(', ') || 'none'}`
        : `${engine} (${socket}) does not answer: ${unreachable}`,
    ),
    ...(engines.length === 0 ? ['no Docker and no podman that answers'] : []),
    rules === 0 ? 'no source NAT of others' : `source NAT of others: ${rules} rules; the addresses that they give stay`,
  ];
}

/** By name; one that both families have counts once. */
function mappingRules(nat: StandingNat): ReadonlySet<string> {
  const chains = [...nat.ipv4, ...nat.ipv6].flatMap((base) => [...base.chains.values()]);
  const rules = chains.flat().filter(({ verdict }) => verdict.do === 'masquerade' || verdict.do === 'snat');
  return new Set(rules.map(({ source }) => ruleName(source)));
}

/** What the first apply would do. */
export function planLines({ plan, script, settings, backend, backendReason, notes }: Survey): readonly string[] {
  return [
    `the plan: source ports ${portsText(plan.ranges, ', ')}, by ${backend.id} (${backendReason})`,
    script.length === 0 ? 'the kernel has these rules already' : `${script.length} lines would be sent to the kernel`,
    ...settings.map(({ key, from, to }) => `${key}: ${spaced(from)} becomes ${spaced(to)}`),
    ...notes.map((note) => `note: ${note}`),
  ];
}

const spaced = (value: string): string => value.replaceAll('\t', ' ') || 'nothing';
