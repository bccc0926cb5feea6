import type { Condition } from '../../src/nat/model.ts';
import type { Decision, NatProgram, ProgramRule } from '../../src/nat/program.ts';
import { portsText } from '../../src/ports.ts';

/** A program as lines that people can compare: a chain's name, then its rules. */
export function programText({ start, chains }: NatProgram): string {
  const blocks = [...chains].map(([name, rules]) =>
    [`${name}${name === start ? ' (start)' : ''}:`, ...rules.map((rule) => `  ${ruleText(rule)}`)].join('\n'),
  );
  return blocks.join('\n');
}

function ruleText({ when, verdict }: ProgramRule): string {
  const words = when.map(conditionText);
  const end = verdict.do === 'decide' ? decisionText(verdict.decision) : [verdict.do, target(verdict)].join(' ').trim();
  return [...words, end].join(' ');
}

const target = (verdict: ProgramRule['verdict']): string =>
  verdict.do === 'jump' || verdict.do === 'goto' ? verdict.to : '';

/** `masquerade`, `snat 10.0.0.1:1024-65535 persistent mark ffffbfff^0`, `unfollowed (-m set ...)`. */
export function decisionText(decision: Decision): string {
  switch (decision.do) {
    case 'keep':
    case 'drop':
      return decision.do;
    case 'unfollowed':
      return `unfollowed (${decision.why})`;
    default: {
      const addresses = decision.do === 'snat' && decision.addresses ? ` ${rangeOf(decision.addresses)}` : '';
      const ports = decision.ports ? ` :${decision.ports.from}-${decision.ports.to}` : '';
      const persistent = decision.do === 'snat' && decision.persistent ? ' persistent' : '';
      const mark = decision.mark ? ` mark ${decision.mark.keep.toString(16)}^${decision.mark.flip.toString(16)}` : '';
      return `${decision.do}${addresses}${ports}${persistent}${mark}`;
    }
  }
}

const rangeOf = ({ from, to }: { from: string; to: string }): string => (from === to ? from : `${from}-${to}`);

function conditionText(condition: Condition): string {
  if (condition.test === 'opaque') return `?(${condition.text})`;
  const is = condition.is ? '' : '! ';
  switch (condition.test) {
    case 'source-port':
    case 'destination-port':
      return `${is}${condition.test} ${portsText(condition.in)}`;
    case 'mark': {
      const values = condition.values.map((value) => value.toString(16)).join(',');
      return `${is}${condition.of === 'packet' ? '' : 'connection-'}mark ${values}/${condition.mask.toString(16)}`;
    }
    case 'address-type':
      return `${is}${condition.of}-type ${condition.in.join(',')}${condition.limit ? ' on-leaving' : ''}`;
    case 'ipsec':
    case 'made-here':
      return `${is}${condition.test}`;
    case 'owner':
      return `${is}${condition.of} ${condition.in.map((one) => `${one.from}-${one.to}`).join(',')}`;
    default:
      return `${is}${condition.test} ${condition.in.join(',')}`;
  }
}
