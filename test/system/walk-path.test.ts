import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { errnoOf } from '../../src/system/errno.ts';
import { walkPath } from '../../src/system/walk-path.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'portfence-walk-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(fc.oneof({ weight: 4, arbitrary: name }, fc.constantFrom('..', '.', '')), {
  minLength: 1,
  maxLength: 5,
});
const entry = fc.record({
  at: fc.array(name, { minLength: 1, maxLength: 3 }),
  kind: fc.constantFrom('folder', 'file', 'link', 'absolute link'),
  target: path,
});

/** Makes what can be made: an entry whose place is taken, or lies behind a file, is left out. */
function makeTree(root: string, entries: readonly { at: string[]; kind: string; target: string[] }[]): void {
  for (const { at, kind, target } of entries)
    try {
      const place = join(root, ...at);
      mkdirSync(kind === 'folder' ? place : dirname(place), { recursive: true });
      if (kind === 'file') writeFileSync(place, '', { flag: 'wx' });
      if (kind === 'link') symlinkSync(target.join('/') || '.', place);
      if (kind === 'absolute link') symlinkSync(join(root, ...target), place);
    } catch {}
}

const outcome = (work: () => string): string => {
  try {
    return work();
  } catch (error) {
    return errnoOf(error) === 'ELOOP' ? 'ELOOP' : 'nothing';
  }
};

test('a path leads where the kernel says that it leads, if it leads anywhere', () => {
  let round = 0;
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), path, (entries, asked) => {
      round += 1;
      const root = join(folder, String(round));
      mkdirSync(root);
      makeTree(root, entries);
      const given = `${root}/${asked.join('/')}`;
      const ours = outcome(() => {
        const { end, exists } = walkPath(given);
        return exists ? end : 'nothing';
      });
      const kernels = outcome(() => realpathSync.native(given));
      if (kernels !== 'nothing') expect(ours).toBe(kernels); // `file/..` is nothing to the kernel alone.
    }),
    { numRuns: 200 },
  );
});

test('no path leads out of its root', () => {
  let round = 0;
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), path, (entries, asked) => {
      round += 1;
      const root = join(folder, `root${round}`);
      mkdirSync(root);
      makeTree(root, entries);
      const end = outcome(() => walkPath(`/${asked.join('/')}`, { root }).end);
      expect(end === 'ELOOP' || end === root || end.startsWith(`${root}/`)).toBe(true);
    }),
    { numRuns: 200 },
  );
});
