import { holds, type NatFlow } from './flow.ts';
import { follow } from './follow.ts';
import type { StandingNat } from './model.ts';
import type { Decision, NatProgram, ProgramRule } from './program.ts';

/** What the standing NAT makes of a flow, or `unfollowed` with the rule whose answer can't be known. */
export function walk(standing: StandingNat, flow: NatFlow): Decision {
  return walkProgram(follow(standing[flow.family]), flow);
}

/** The same for a program that is there already. */
export function walkProgram(program: NatProgram, flow: NatFlow): Decision {
  const frames: { readonly rules: readonly ProgramRule[]; at: number }[] = [];
  const enter = (name: string) => frames.push({ rules: program.chains.get(name) ?? [], at: 0 });
  enter(program.start);
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const rule = frame.rules[frame.at];
    frame.at += 1;
    if (rule === undefined) {
      frames.pop();
      continue;
    }
    const { verdict, source } = rule;
    const answer = allHold(rule, flow);
    if (answer === undefined && source)
      return { do: 'unfollowed', by: source, why: 'what it asks is not known of the flow' };
    if (answer !== true) continue;
    if (verdict.do === 'decide') return verdict.decision;
    if (verdict.do !== 'jump') frames.pop();
    if (verdict.do !== 'return') enter(verdict.to);
  }
  return { do: 'keep' };
}

function allHold({ when }: ProgramRule, flow: NatFlow): boolean | undefined {
  const answers = when.map((condition) => holds(condition, flow));
  return answers.includes(false) ? false : answers.includes(undefined) ? undefined : true;
}
