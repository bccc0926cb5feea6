import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type GotoChains, withoutJumps } from '../../../src/backends/iptables/gotos.ts';
import type { Condition, FollowedChain, Outcome, Step } from '../../../src/plan/plan.ts';
import { step } from '../../../src/plan/steps.ts';

/** Eight questions, any of which a packet answers with yes or no; some may stand in a rule but once. */
const QUESTIONS = [
  ['source', ['10.0.0.0/8']],
  ['source', ['10.1.0.0/16']],
  ['leaves-by', ['a', 'b']],
  ['destination', ['192.0.2.0/24']],
] as const;
type Answers = readonly boolean[];

const question = (index: number, is: boolean): Condition => {
  const [asked, values] = QUESTIONS[index] ?? QUESTIONS[0];
  return { test: 'foreign', family: 'ipv4', condition: { test: asked, in: [...values], is } };
};

const CHAINS = ['a', 'b', 'c'];

/** Chains call those that come after them alone, so that no way is endless. */
const chainsOf: fc.Arbitrary<readonly FollowedChain[]> = fc.tuple(...CHAINS.map((_, i) => stepsOf(i))).map((all) =>
  all.map((steps, i) => ({
    name: CHAINS[i] ?? '',
    family: 'ipv4' as const,
    steps: i === 0 ? [...steps, step('end', [], { do: 'undecided' }, '')] : steps,
  })),
);

function stepsOf(chain: number): fc.Arbitrary<readonly Step[]> {
  const later = CHAINS.slice(chain + 1);
  const outcomes: fc.Arbitrary<Outcome>[] = [
    fc.constant<Outcome>({ do: 'map', address: { mode: 'masquerade' }, ports: [{ from: 1, to: 2 }] }),
    fc.constant<Outcome>({ do: 'map', address: { mode: 'keep' }, ports: [{ from: 1, to: 2 }] }),
    fc.constant<Outcome>({ do: 'leave', as: 'unfollowed', rule: 1 }),
    ...(chain > 0 ? [fc.constant<Outcome>({ do: 'return' })] : []),
    ...later.flatMap((name) => [
      fc.constant<Outcome>({ do: 'jump', chain: name }),
      ...(chain > 0 ? [fc.constant<Outcome>({ do: 'goto', chain: name })] : []),
    ]),
  ];
  const when = fc.array(fc.tuple(fc.nat(QUESTIONS.length - 1), fc.boolean()), { maxLength: 4 });
  return fc.array(
    fc.tuple(when, fc.oneof(...outcomes)).map(([asked, then]) =>
      step(
        'x',
        asked.map(([index, is]) => question(index, is)),
        then,
        '',
      ),
    ),
    { maxLength: 4 },
  );
}

const holds = (one: Condition, answers: Answers): boolean => {
  if (one.test !== 'foreign') return true;
  const { condition } = one;
  const index = QUESTIONS.findIndex(
    ([asked, values]) => asked === condition.test && 'in' in condition && String(condition.in) === String(values),
  );
  return answers[index] === condition.is;
};

/** Walks chains as the kernel would; what comes to the end of the first chain is undecided. */
function end(chains: readonly { name: string; steps: readonly Step[] }[], start: string, answers: Answers): string {
  const stepsIn = (name: string) => chains.find((one) => one.name === name)?.steps ?? [];
  const frames = [{ steps: stepsIn(start), at: 0 }];
  for (let frame = frames.at(-1); frame; frame = frames.at(-1)) {
    const one = frame.steps[frame.at++];
    if (!one) frames.pop();
    else if (one.when.every((condition) => holds(condition, answers))) {
      const { then } = one;
      if (then.do === 'map' || then.do === 'leave' || then.do === 'undecided') return JSON.stringify(then);
      if (then.do !== 'jump') frames.pop();
      if (then.do === 'jump' || then.do === 'goto') frames.push({ steps: stepsIn(then.chain), at: 0 });
    }
  }
  return JSON.stringify({ do: 'undecided' });
}

const everyAnswer: readonly Answers[] = Array.from({ length: 2 ** QUESTIONS.length }, (_, n) =>
  QUESTIONS.map((_question, bit) => Math.floor(n / 2 ** bit) % 2 === 1),
);

test('gotos alone decide as jumps and returns do, for random chains and every answer', () => {
  fc.assert(
    fc.property(chainsOf, (chains) => {
      const { start, chains: made, isGivenUp } = withoutJumps(chains, 'a');
      fc.pre(!isGivenUp);
      for (const answers of everyAnswer) expect(end(made, start, answers)).toBe(end(chains, 'a', answers));
    }),
    { numRuns: 500 },
  );
});

test('no chain that is jumped to leaves a packet, and no step asks in one rule what iptables takes once', () => {
  fc.assert(
    fc.property(chainsOf, (chains) => {
      const made = withoutJumps(chains, 'a');
      for (const { steps, isJumped } of made.chains) {
        const verdicts = steps.map(({ then }) => then.do);
        expect(verdicts).not.toContain(isJumped ? 'leave' : 'return');
      }
      for (const one of stepsIn(made)) {
        const asked = one.when.flatMap((condition) =>
          condition.test === 'foreign' ? [`${condition.condition.test}`] : [],
        );
        const interfaces = asked.filter((name) => name === 'leaves-by');
        expect(interfaces.length).toBeLessThanOrEqual(1);
        const several = one.when.filter(
          (condition) =>
            condition.test === 'foreign' && condition.condition.test === 'leaves-by' && !condition.condition.is,
        );
        expect(several).toEqual([]);
      }
    }),
  );
});

const stepsIn = ({ chains }: GotoChains): readonly Step[] => chains.flatMap(({ steps }) => steps);
