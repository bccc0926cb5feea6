import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvLines } from '../../src/report/csv.ts';

test('cells are quoted where they need it, and numbers stay numbers', () => {
  expect(
    csvLines([
      ['name', 'flows'],
      ['web', 3],
      ['a,b', -1],
      ['say "hi"', 0],
      ['x;y', 0.5],
    ]),
  ).toEqual(['name,flows', 'web,3', '"a,b",-1', '"say ""hi""",0', '"x;y",0.5']);
});

test.each(['=', '+', '-', '@', '\t', '\r', '\n', '\uff1d', '\uff0b', '\uff0d', '\uff20'])(
  'a name that begins with %j is no formula for a spreadsheet',
  (first) => {
    expect(csvLines([[`${first}cmd|'/c calc'!A0`]])).toEqual([`"'${first}cmd|'/c calc'!A0"`]);
  },
);

test('no cell begins as a formula does, whatever the names are, and each can be read back', () => {
  const letters = fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', '"', "'", ',', ';', 'a', '1');
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 8 }), (parts) => {
      const name = parts.join('');
      const [line = ''] = csvLines([[name, 1]]);
      const [, whole, plain] = /^(?:"((?:[^"]|"")*)"|([^",]*)),1$/.exec(line) ?? [];
      const cell = whole?.replaceAll('""', '"') ?? plain ?? '';
      expect(cell).not.toMatch(/^[=+\-@\t\r\n]/);
      expect([name, `'${name}`]).toContain(cell);
    }),
  );
});
