import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNamespace } from '../../src/lab/namespace.ts';
import type { Namespace } from '../../src/system/namespace.ts';
import { COMMAND } from '../support/command-line.ts';
import { LAB, needs } from '../support/needs.ts';

/** Runs the lines with the state folder as a file system of its own, and prints how each command of ours ended. */
const IN_ITS_OWN_MOUNT = `
mount -t tmpfs -o "$SIZE" tmpfs "$PORTFENCE_STATE_DIR"
ours() { $PORTFENCE "$@" 2>&1 | head -c 2000; echo "$1: \${PIPESTATUS[0]}"; }
`;

needs(...LAB)('a state folder that is a mount point', () => {
  let namespace: Namespace;
  let folder: string;
  beforeEach(async () => {
    namespace = await createNamespace();
    folder = await mkdtemp(join(tmpdir(), 'portfence-state-'));
  });
  afterEach(async () => {
    await namespace?.close();
    await rm(folder, { recursive: true });
  });
  const run = async (size: string, lines: string): Promise<string> => {
    const env = { PORTFENCE_STATE_DIR: folder, SIZE: size, PORTFENCE: COMMAND.join(' ') };
    const argv = ['unshare', '--mount', 'bash', '-c', `${IN_ITS_OWN_MOUNT}${lines}`] as const;
    return (await namespace.run(argv, { env })).stdout;
  };
  const APPLY = 'ours apply --ports 49152-61000';
  const OTHER = 'ours apply --ports 50000-61000';

  test('is left empty by remove', async () => {
    const said = await run('size=1m', `${APPLY}; ours remove; ls -A "$PORTFENCE_STATE_DIR"; nft list tables`);
    expect(said).toContain('apply: 0\n');
    expect(said.slice(said.indexOf('apply: 0'))).toMatch(/removed: nothing of portfence is left\nremove: 0\n$/);
  });

  test('ends apply in one sentence where it is full, and nothing is changed', async () => {
    const said = await run('size=4k', `${APPLY}; nft list tables; ls -A "$PORTFENCE_STATE_DIR"`);
    expect(said).toBe(
      [
        `portfence: can't write ${folder}/state.json: no space is left`,
        '  -> make room: `df -h` and `df -i` show what is full',
        'apply: 3',
        '',
      ].join('\n'),
    );
  });

  test('ends apply and remove in one sentence where it is read-only', async () => {
    const said = await run(
      'size=1m',
      `${APPLY} >/dev/null; mount -o remount,ro "$PORTFENCE_STATE_DIR"; ${OTHER}; ours remove`,
    );
    const remedy = '  -> mount it writable, or name another place';
    expect(said).toBe(
      [
        ...[`portfence: can't write ${folder}/state.json: the file system is read-only`, remedy, 'apply: 3'],
        ...[`portfence: can't remove ${folder}/state.json: the file system is read-only`, remedy, 'remove: 3', ''],
      ].join('\n'),
    );
  });
});
