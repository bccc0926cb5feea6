import { existsSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { labDown, labUp, NETNS_NAMES } from '../../src/lab/lasting-testbed.ts';
import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { ownCommand } from '../../src/system/own-program.ts';
import { run } from '../../src/system/run.ts';
import { LAB, needs } from '../support/needs.ts';

needs(...LAB, 'curl')('a lab that stays', () => {
  test('works by name until it is taken down, and is made only once', async () => {
    await labUp(LAB_PORTS);
    try {
      const fetch = [
        'ip',
        'netns',
        'exec',
        NETNS_NAMES.host,
        'curl',
        '-sS',
        '-o',
        '/dev/null',
        '--local-port',
      ] as const;
      await vi.waitFor(
        async () => expect((await run([...fetch, '50000-50099', 'http://203.0.113.10/'])).code).toBe(0),
        { timeout: 10_000, interval: 20 },
      );
      expect((await run([...fetch, '40000', '--max-time', '1', 'http://203.0.113.10/'])).code).not.toBe(0);
      await expect(labUp(LAB_PORTS)).rejects.toMatchObject({ code: 'STATE' });
    } finally {
      expect(await labDown()).toBe(true);
    }
    expect(Object.values(NETNS_NAMES).filter((name) => existsSync(`/run/netns/${name}`))).toEqual([]);
    expect(await labDown()).toBe(false);
  });

  test('its command ends, and leaves the servers running', async () => {
    const up = await run([...ownCommand(), 'lab', 'up'], { timeoutMs: 30_000 });
    expect(await labDown()).toBe(true);
    expect(up.code, up.stderr).toBe(0);
  });
});
