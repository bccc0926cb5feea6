import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { startCoprocess } from '../../src/system/child.ts';
import { needs } from '../support/needs.ts';

/** In a user namespace of its own a process may have as few inotify instances as it is given there. */
const WITHOUT_INOTIFY = ['unshare', '--user', '--map-root-user', 'sh', '-c'] as const;
const NONE = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"';
const AGAIN = 'echo 16 > /proc/sys/user/max_inotify_instances';

needs('unshare')('where no inotify instance is left', () => {
  test('a watch says so once, polls, and goes back to inotify when it can', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portfence-watch-'));
    const file = join(folder, 'policy');
    const program = `
      const { watchFile, watchFolder } = await import(${JSON.stringify(fileURLToPath(new URL('../../dist/system/watch.js', import.meta.url)))});
      const { execSync } = await import('node:child_process');
      const onPolling = (reason) => console.log(reason.message + ' -> ' + reason.hint);
      watchFile(${JSON.stringify(file)}, () => console.log('file'), { onPolling });
      watchFolder(${JSON.stringify(folder)}, (name) => console.log('name ' + name));
      process.stdin.on('data', () => execSync(${JSON.stringify(AGAIN)})).on('end', () => process.exit());`;
    const lines: string[] = [];
    const argv = [...WITHOUT_INOTIFY, NONE, 'sh', process.execPath, '--input-type=module', '-e', program] as const;
    const watching = startCoprocess(argv, (line) => lines.push(line));
    const seen = (line: string) => vi.waitFor(() => expect(lines).toContain(line), 10_000);
    try {
      await seen('file');
      await seen('name ');
      expect(lines[0]).toMatch(
        /^can't watch \S+\/policy: every inotify instance of this user is in use; looking every 2 s instead -> raise the limits: sysctl fs\.inotify/,
      );
      for (const text of ['one', 'longer']) {
        lines.length = 0;
        writeFileSync(file, text);
        await seen('file');
        await seen('name policy');
      }
      watching.write('go on');
      lines.length = 0;
      await vi.waitFor(() => {
        writeFileSync(file, String(lines.length));
        expect(lines.filter((line) => line === 'file').length).toBeGreaterThan(3);
      }, 20_000);
      expect(lines.join('\n')).not.toContain('looking every');
    } finally {
      await watching.stop();
      rmSync(folder, { recursive: true });
    }
  });
});
