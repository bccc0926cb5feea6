import { describe, expect, test } from 'vitest';
import { pressed } from '../../src/report/top/keys.ts';
import { lineText, screenChange } from '../../src/report/top/screen.ts';
import { FIRST_CHOICE, type TopData, topLines } from '../../src/report/top/view.ts';
import { keysIn } from '../../src/system/terminal.ts';
import { flowState } from '../flows/states.ts';

const { report, destinations } = flowState(60);
const data: TopData = {
  ...{ now: 0, report, destinations, status: undefined, layers: 'confine on', rates: undefined },
  ranges: [{ from: 49_152, to: 61_000 }],
};
const shown = (change: Partial<typeof FIRST_CHOICE>, size = { columns: 80, rows: 24 }) =>
  topLines(data, { ...FIRST_CHOICE, ...change }, size).lines.map((line) => lineText(line, { ...size, colour: false }));
const plain = (line: string): string => line.replaceAll(/\x1b\[[0-9;]*m/g, '');

describe('the screen', () => {
  test('fills exactly its rows and no more than its columns, in every view and size', () => {
    for (const size of [
      { columns: 80, rows: 24 },
      { columns: 200, rows: 60 },
      { columns: 20, rows: 8 },
    ]) {
      for (const tab of ['destinations', 'containers', 'sources', 'leaks'] as const) {
        const lines = shown({ tab }, size);
        expect(lines).toHaveLength(size.rows);
        for (const line of lines) expect([...plain(line)].length).toBeLessThanOrEqual(size.columns);
      }
    }
  });

  test('without colour there is no escape but the inverse of the selected row', () => {
    const codes =
      shown({})
        .join('')
        .match(/\x1b\[[0-9;]*m/g) ?? [];
    expect(new Set(codes)).toEqual(new Set(['\x1b[7m', '\x1b[0m']));
  });

  test('scrolls with the selection', () => {
    expect(shown({ selected: 49 }).some((line) => line.includes('> '))).toBe(true);
    expect(topLines(data, { ...FIRST_CHOICE, selected: 500 }, { columns: 80, rows: 24 }).service).toBeDefined();
  });

  test('writes only the rows that differ', () => {
    expect(screenChange(['a', 'b', 'c'], ['a', 'x', 'c'])).toBe('\x1b[2;1Hx\x1b[K');
    expect(screenChange(['a', 'b'], ['a'])).toBe('\x1b[2;1H\x1b[K');
    expect(screenChange(['a'], ['a'])).toBe('');
  });
});

test('keys are told apart, several at once, and what is unknown is dropped', () => {
  expect(keysIn('j\x1b[A\x1b[5~\r\x1b[1;5Cq\x03')).toEqual(['j', 'up', 'page-up', 'enter', 'q', 'q']);
  expect(keysIn('\x1b')).toEqual(['escape']);
});

test('a filter takes every key until it is kept or dropped', () => {
  let choice = FIRST_CHOICE;
  for (const key of ['/', 'q', '4', 'backspace', 'enter']) choice = pressed(choice, key, 9).choice;
  expect(choice).toMatchObject({ filter: 'q', typing: false });
  expect(pressed(choice, 'escape', 9).choice.filter).toBe('');
  expect(pressed(choice, 'q', 9).wish).toBe('quit');
});
