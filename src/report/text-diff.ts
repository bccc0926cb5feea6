import { scrub } from '../scrub.ts';

const CONTEXT = 3;

/** One change of a text as a unified diff; no lines where nothing differs. An undefined text is a file that is not there. */
export function textDiff(file: string, from: string | undefined, to: string | undefined): readonly string[] {
  if (from === to) return [];
  const [before, after] = [lines(from), lines(to)];
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const start = Math.max(0, head - CONTEXT);
  const rest = Math.min(tail, CONTEXT);
  const mark = (sign: string, some: readonly string[]): readonly string[] =>
    some.flatMap((line) => line.split('\n').map((part, i) => (i === 0 ? `${sign}${shown(part)}` : part)));
  const span = (all: readonly string[]): string => {
    const count = all.length - tail + rest - start;
    return `${count === 0 ? start : start + 1},${count}`;
  };
  return [
    `--- ${from === undefined ? '/dev/null' : file}`,
    `+++ ${to === undefined ? '/dev/null' : file}`,
    `@@ -${span(before)} +${span(after)} @@`,
    ...mark(' ', before.slice(start, head)),
    ...mark('-', before.slice(head, before.length - tail)),
    ...mark('+', after.slice(head, after.length - tail)),
    ...mark(' ', after.slice(after.length - tail, after.length - tail + rest)),
  ];
}

const shown = (line: string): string => line.split('\t').map(scrub).join('\t');

/** A last line without its end says so, as diff(1) does. */
function lines(text: string | undefined): readonly string[] {
  if (!text) return [];
  const all = text.split('\n');
  return all.at(-1) === '' ? all.slice(0, -1) : [...all.slice(0, -1), `${all.at(-1)}\n\\ No newline at end of file`];
}
