import process from 'node:process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PortfenceError } from '../../src/errors.ts';
import { follow } from '../../src/nat/follow.ts';
import type { StandingNat } from '../../src/nat/model.ts';
import { type NatListings, standingNat } from '../../src/nat/standing.ts';
import { FAMILIES } from '../../src/ports.ts';
import { platformFiles, platformText } from './platforms.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_125);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 400);

const JUNK = [
  '\0',
  '"',
  '\\',
  '!',
  ' ',
  '-',
  '--',
  '/',
  ':',
  ',',
  '+',
  '*',
  '{',
  '}',
  '[',
  ']',
  '\n',
  '\u202e',
  '💥',
  '-j POSTROUTING',
  '0x',
  '99999999999',
  '__proto__',
  'null',
  '1e999',
];

const cut = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat({ max: 12 }),
  junk: fc.constantFrom('', ...JUNK),
});

const mutated = (source: string) =>
  fc.array(cut, { minLength: 1, maxLength: 4 }).map((cuts) =>
    cuts.reduce((text, { at, length, junk }) => {
      const start = Math.floor(at * text.length);
      return text.slice(0, start) + junk + text.slice(start + length);
    }, source),
  );

const STRANGE: readonly unknown[] = [
  null,
  -1,
  1e300,
  '',
  '@',
  '@x',
  'x\u001b[2J',
  [],
  {},
  [[[]]],
  { elem: { val: null } },
  { range: 7 },
  { set: [{}] },
  { concat: [] },
  { '&': [] },
  { map: {} },
  { jump: { target: 'postrouting' } },
  true,
];

/** A value of another kind somewhere in the tree: the text stays JSON, so that the reader gets past the parser. */
function replaced(value: unknown, picks: Iterator<number>, depth = 0): unknown {
  const pick = picks.next().value ?? 1;
  if (depth > 2 && pick < STRANGE.length / 600) return STRANGE[Math.floor(pick * 600)];
  if (Array.isArray(value)) return value.map((one) => replaced(one, picks, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, replaced(one, picks, depth + 1)]));
}

/** Reads and follows; anything but an answer or the one clear error fails. Texts that are shown hold nothing that moves a cursor. */
function survives(listings: NatListings): void {
  try {
    const standing = standingNat(listings);
    for (const family of FAMILIES) follow(standing[family], { leavesBy: ['eth0'], mostDepth: 8 });
    expect(shownTexts(standing).filter((text) => /[\p{Cc}\u202e]/u.test(text))).toEqual([]);
  } catch (error) {
    if (!(error instanceof PortfenceError && error.code === 'SYSTEM')) throw error;
  }
}

function shownTexts(standing: StandingNat): readonly string[] {
  return FAMILIES.flatMap((family) =>
    standing[family].flatMap(({ chains }) =>
      [...chains.values()]
        .flat()
        .flatMap(({ when, verdict, source }) => [
          ...Object.values(source),
          ...when.flatMap((one) => (one.test === 'opaque' ? [one.text] : [])),
          ...(verdict.do === 'opaque' ? [verdict.text] : []),
        ]),
    ),
  );
}

describe('listings that are damaged end in an answer or in one clear error', () => {
  test.each(platformFiles('.save'))('%s', (name) => {
    const property = fc.property(mutated(platformText(name)), fc.constantFrom(...FAMILIES), (text, family) =>
      survives({ saved: [{ backend: 'iptables-legacy', family, text }] }),
    );
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  test.each(platformFiles('.json'))('%s as text', (name) => {
    const property = fc.property(mutated(platformText(name)), (ruleset) => survives({ saved: [], ruleset }));
    fc.assert(property, { seed: SEED, numRuns: RUNS / 4 });
  });

  test.each(platformFiles('.json'))('%s as JSON', (name) => {
    const tree: unknown = JSON.parse(platformText(name));
    const property = fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (picks) =>
      survives({ saved: [], ruleset: JSON.stringify(replaced(tree, picks)) }),
    );
    fc.assert(property, { seed: SEED, numRuns: RUNS / 4 });
  });
});
