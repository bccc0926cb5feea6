import { holds, type NatFlow } from '../../src/nat/flow.ts';
import type { BaseChain, Condition, MarkVerdict, NatRule } from '../../src/nat/model.ts';

/** Answers of conditions that the model has no words for, by their text. */
export type Answers = (text: string) => boolean;

/** Where a flow ends: `keep`, `drop`, or the rule's mapping as text. Rules are asked one by one, as the kernel does it. */
export function interpret(bases: readonly BaseChain[], flow: NatFlow, answers: Answers): string {
  const packet: Packet = { flow, mark: flow.mark ?? 0, answers };
  for (const base of bases) {
    const end = walkChain(base, base.name, packet);
    if (end !== 'accept' && end !== 'return') return end;
    if (end === 'return' && base.policy === 'drop') return 'drop';
  }
  return 'keep';
}

interface Packet {
  readonly flow: NatFlow;
  readonly answers: Answers;
  mark: number;
}

/** `return` where the chain ends without a verdict, `accept` where the base chain does. */
function walkChain(base: BaseChain, name: string, packet: Packet): string {
  for (const rule of base.chains.get(name) ?? []) {
    if (!rule.when.every((condition) => isTrue(condition, packet))) continue;
    for (const change of rule.marks ?? []) changeMark(packet, change);
    const end = verdictOf(base, rule, packet);
    if (end !== 'next') return end;
  }
  return 'return';
}

function isTrue(condition: Condition, { flow, mark, answers }: Packet): boolean {
  return condition.test === 'opaque' ? answers(condition.text) : holds(condition, { ...flow, mark }) === true;
}

function verdictOf(base: BaseChain, { verdict }: NatRule, packet: Packet): string {
  switch (verdict.do) {
    case 'masquerade':
      return 'masquerade';
    case 'snat':
      return `snat ${verdict.addresses?.from}`;
    case 'accept':
    case 'return':
    case 'drop':
      return verdict.do;
    case 'jump': {
      const end = walkChain(base, verdict.chain, packet);
      return end === 'return' ? 'next' : end;
    }
    case 'goto':
      return walkChain(base, verdict.chain, packet);
    case 'pass':
      return 'next';
    case 'opaque':
      return 'opaque';
    default:
      changeMark(packet, verdict);
      return 'next';
  }
}

function changeMark(packet: Packet, change: MarkVerdict): void {
  if (change.do === 'lose-mark' || change.of === 'connection') throw new Error('no such rule is made here');
  packet.mark = ((packet.mark & change.keep) ^ change.flip) >>> 0;
}
