import { describe, expect, it } from 'vitest';
import { readFence } from '../../src/backends/listing.ts';
import { PortfenceError } from '../../src/errors.ts';
import { readBaseChains } from '../../src/observe/base-chains.ts';
import { readConntrack } from '../../src/observe/conntrack.ts';
import { fixture } from './fixture.ts';
import { type Random, randomFrom } from './random.ts';

const SEED = Number(process.env['PORTFENCE_FUZZ_SEED'] ?? 20_261_123);
const LONGEST_READ_MS = 2000;

const JUNK = [
  '\0',
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  '\n',
  ' ',
  '=',
  'src=',
  '-',
  '1e999',
  'null',
  '\ud800',
  '💥',
  '99999999999999999999',
  '__proto__',
];

function mutatedText(source: string, random: Random): string {
  let text = source;
  for (let i = random.below(4); i >= 0; i--) {
    const [at, length] = [random.below(text.length + 1), random.below(12)];
    const middle = random.below(3) === 0 ? '' : random.pick(JUNK);
    text = random.below(12) === 0 ? text.slice(0, at) : text.slice(0, at) + middle + text.slice(at + length);
  }
  return text;
}

/** A value of another shape somewhere in the tree: the text stays JSON, so that the reader gets past the parser. */
function mutatedTree(value: unknown, random: Random, depth = 0): unknown {
  if (depth > 0 && random.below(14) === 0) {
    return random.pick<unknown>([
      null,
      -1,
      1e300,
      '',
      'x\u001b[2J',
      [],
      {},
      [[[]]],
      { elem: { val: null } },
      { range: 7 },
      true,
    ]);
  }
  if (Array.isArray(value)) return value.map((one) => mutatedTree(one, random, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mutatedTree(one, random, depth + 1)]));
}

function randomText(random: Random): string {
  return Array.from({ length: random.below(40) }, () =>
    random.below(3) === 0 ? random.pick(JUNK) : String.fromCharCode(32 + random.below(95)),
  ).join('');
}

/** What the reader says, or the one clear error that it may throw. Anything else fails the test with the input in its message. */
function survives(read: (input: string) => unknown, input: string): 'read' | 'refused' {
  const started = performance.now();
  try {
    read(input);
    return 'read';
  } catch (error) {
    if (error instanceof PortfenceError && error.code === 'SYSTEM' && !/[\p{Cc}]/u.test(error.message))
      return 'refused';
    throw new Error(`seed ${SEED}: ${JSON.stringify(input).slice(0, 2000)}`, { cause: error });
  } finally {
    expect(performance.now() - started).toBeLessThan(LONGEST_READ_MS);
  }
}

function fuzz(
  read: (input: string) => unknown,
  runs: number,
  inputs: (random: Random) => string,
): Record<string, number> {
  const random = randomFrom(SEED);
  const tally: Record<string, number> = { read: 0, refused: 0 };
  for (let i = 0; i < runs; i++) {
    const outcome = survives(read, inputs(random));
    tally[outcome] = (tally[outcome] ?? 0) + 1;
  }
  console.log(`seed ${SEED}, ${runs} inputs: ${JSON.stringify(tally)}`);
  return tally;
}

const table = fixture('nft-table.json');
const tree: unknown = JSON.parse(table);
const chains = fixture('nft-chains.docker.json');
const chainTree: unknown = JSON.parse(chains);
const lines = fixture('conntrack.txt').trim().split('\n');

describe('readers survive any input', () => {
  it('nft -j list table: 30,000 of another shape, 15,000 of another text', () => {
    const shaped = fuzz(readFence, 30_000, (random) => JSON.stringify(mutatedTree(tree, random)));
    expect(shaped['read']).toBeGreaterThan(15_000);
    fuzz(readFence, 15_000, (random) => (random.below(4) === 0 ? randomText(random) : mutatedText(table, random)));
  });

  it('nft -j list chains: 15,000', () => {
    fuzz(readBaseChains, 10_000, (random) => JSON.stringify(mutatedTree(chainTree, random)));
    fuzz(readBaseChains, 5000, (random) => (random.below(4) === 0 ? randomText(random) : mutatedText(chains, random)));
  });

  it('conntrack: 40,000, and every flow that is read has whole ports', () => {
    const check = (text: string) => {
      for (const flow of readConntrack(text)) {
        const ports = [
          flow.original.sourcePort,
          flow.original.destinationPort,
          flow.reply.sourcePort,
          flow.reply.destinationPort,
        ];
        if (!ports.every((port) => Number.isInteger(port) && port >= 0 && port <= 65_535))
          throw new Error('a port that is none');
      }
    };
    fuzz(check, 30_000, (random) => mutatedText(random.pick(lines), random));
    fuzz(check, 5000, (random) => mutatedText(lines.join('\n'), random));
    fuzz(check, 5000, randomText);
  });
});
