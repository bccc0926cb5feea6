import { expect, test } from 'vitest';
import { aclPage } from '../../bench/acl/page.ts';
import type { CommandsResult } from '../../bench/commands/bench.ts';
import { commandsPage } from '../../bench/commands/page.ts';
import type { ComparisonResult } from '../../bench/compare/compare.ts';
import { isClean, type Outcome } from '../../bench/compare/outcome.ts';
import { comparisonPage } from '../../bench/compare/page.ts';
import { fleetPage } from '../../bench/fleet/page.ts';
import { flowsPage } from '../../bench/flows/page.ts';

const versions = { portfence: '1.2.3', Linux: '6.1.0', nft: '1.0.6' };
const answers = (failed: number): Outcome => ({ kind: 'answers', tried: 60, failed });
const clients = (...seen: string[]): Outcome => ({ kind: 'clients', tried: 60, real: '203.0.113.10', seen });

/** The cells of the line that begins with this name, in each table of the page. */
const rowsOf = (page: readonly string[], name: string): readonly (readonly string[])[] =>
  page
    .filter((line) => line.startsWith(`| ${name} `))
    .map((line) =>
      line
        .split('|')
        .slice(2, -1)
        .map((cell) => cell.trim()),
    );

test('the page of the commands shows each beside the yardstick and says which target is missed', () => {
  const measured = (name: string, median: number, hasTarget = false) => ({
    ...{ name, median, hasTarget },
    ...{ count: 3, min: median - 10, max: median + 10.4, samples: [] },
  });
  const seen: CommandsResult = {
    ...{ versions, cores: 2, runs: 3, met: false },
    plain: [measured('`node -e 0`', 50), measured('`plan`', 399.4, true), measured('`status`', 400, true)],
    crowded: [measured('`node -e 0`', 50), measured('`plan`', 500, true), measured('`status`', 450, true)],
  };
  const page = commandsPage(seen);
  expect(page).toContain('portfence 1.2.3, Linux 6.1.0, nft 1.0.6, 2 cores.');
  expect(rowsOf(page, '`node -e 0`')[0]).toEqual(['50 ms', '40 ms', '60 ms', '1.0', '', '']);
  expect(rowsOf(page, '`plan`')).toEqual([
    ['399 ms', '389 ms', '410 ms', '8.0', '400 ms', 'yes'],
    ['399 ms', '500 ms', '101 ms'],
  ]);
  expect(rowsOf(page, '`status`')[0]).toEqual(['400 ms', '390 ms', '410 ms', '8.0', '400 ms', '**no**']);
});

test('the page of the comparison shows each fence as it was seen', () => {
  const seen: ComparisonResult = {
    ...{ versions, clean: true, untried: ['`docker build`, BuildKit'] },
    rows: [
      { name: 'UDP', tried: '60', outcomes: { none: answers(35), rule: answers(34), portfence: answers(0) } },
      {
        ...{ name: 'client', tried: '60' },
        outcomes: { none: clients('203.0.113.10'), rule: clients('172.17.0.1', '203.0.113.10'), portfence: clients() },
      },
    ],
  };
  const page = comparisonPage(seen);
  expect(rowsOf(page, 'UDP')).toEqual([['60', '35', '34', '0']]);
  expect(rowsOf(page, 'client')).toEqual([['60', 'its real one', '172.17.0.1, its real one', 'nothing arrived']]);
  expect(page).toContain('Not tried here: `docker build`, BuildKit.');
});

test('only a case in which everything came back, from whom it really was, is clean', () => {
  expect(isClean(answers(0))).toBe(true);
  expect(isClean(answers(1))).toBe(false);
  expect(isClean({ kind: 'answers', tried: 0, failed: 0 })).toBe(false);
  expect(isClean(clients('203.0.113.10'))).toBe(true);
  expect(isClean(clients('172.17.0.1'))).toBe(false);
  expect(isClean(clients('172.17.0.1', '203.0.113.10'))).toBe(false);
  expect(isClean(clients())).toBe(false);
});

test('the page of the ACLs tells the processor’s time against the target, and how much was really worked out', () => {
  const summary = (median: number) => ({ count: 3, median, min: median - 1, max: median + 1 });
  const page = (met: boolean) =>
    aclPage({
      ...{ versions, cores: 2, answers: 200_000, different: 698, met },
      round: summary(1700),
      cpu: summary(480),
    });
  expect(rowsOf(page(true), "processor's time")[0]).toEqual(['480 ms', '479 ms', '481 ms', '1000 ms', 'yes']);
  expect(rowsOf(page(false), "processor's time")[0]?.at(-1)).toBe('**no**');
  expect(page(true).join('\n')).toContain('200,000 answers, with 698 different sets of ports');
});

test('the page of the fleet is met only where the slowest run was fast enough', () => {
  const took = (max: number) => ({ count: 2, median: 1000, min: 900.2, max });
  const cases = [
    { name: 'a list', took: took(4999) },
    { name: 'Prometheus', took: took(5000) },
  ];
  const page = fleetPage({ versions, cores: 2, cases, met: false });
  expect(rowsOf(page, 'a list')).toEqual([['1,000 ms', '900 ms', '4,999 ms', '5,000 ms', 'yes']]);
  expect(rowsOf(page, 'Prometheus')).toEqual([['1,000 ms', '900 ms', '5,000 ms', '5,000 ms', '**no**']]);
});

test('the page of the flows tells each time in times of cat, and every part of the promise', () => {
  const summary = (median: number) => ({ count: 3, median, min: median - 1, max: median + 1 });
  const page = (met: boolean) =>
    flowsPage({
      ...{ versions, cores: 2, ratio: 1.1, faster: 2, met },
      file: { cat: summary(30), scan: summary(300) },
      kernel: {
        ...{ cat: summary(2000), pass: summary(2200), command: summary(2600), conntrack: summary(4400) },
        ...{ entries: 1_000_000, megabytes: 111.4 },
      },
    });
  expect(rowsOf(page(true), 'the pass of `portfence flows`')).toEqual([['2200 ms', '2199 ms', '2201 ms', '1.10']]);
  expect(rowsOf(page(true), 'the scanner')[0]?.at(-1)).toBe('10.00');
  expect(page(true).join(' ')).toContain('1.10 times, 2.0 times faster, 111 MB, kept.');
  expect(page(false).join(' ')).toContain('111 MB, **not kept**.');
});
