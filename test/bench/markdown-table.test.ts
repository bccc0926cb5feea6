import { expect, test } from 'vitest';
import { markdownTable } from '../../bench/markdown-table.ts';

test('lines up columns, numbers to the right', () => {
  const columns = [{ head: 'command' }, { head: 'ms', align: 'right' }] as const;
  expect(
    markdownTable(columns, [
      ['plan', '1200'],
      ['a|b', '7'],
    ]),
  ).toEqual(['| command |   ms |', '| ------- | ---: |', '| plan    | 1200 |', '| a\\|b    |    7 |']);
});

test('fills up rows that are too short', () => {
  expect(markdownTable([{ head: 'one' }, { head: 'two' }], [['1']]).at(-1)).toBe('| 1   |     |');
});
