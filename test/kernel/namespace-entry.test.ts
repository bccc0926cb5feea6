import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { desiredSysctls } from '../../src/agent/native/desired-sysctls.ts';
import { type NamespaceEntry, openNamespaceEntry } from '../../src/agent/native/namespace-entry.ts';
import { createNamespace, type Namespace } from '../../src/lab/namespace.ts';
import { KERNEL_DEFAULTS } from '../../src/plan/container-sysctls.ts';
import { realSystem } from '../../src/system/real.ts';
import { needs } from '../support/needs.ts';

const OURS = { range: '49152\t61000', reserved: '50000-50010', timestamps: '2' };
const DESIRED = desiredSysctls(OURS, [OURS]);
const given = (value: string) => ({ verdict: 'given', value });

needs('root', 'unshare')('a namespace is entered', () => {
  describe.each(['perl', 'sh'] as const)('by %s', (program) => {
    let folder: string;
    let entry: NamespaceEntry;
    let container: Namespace;
    const programs: string[] = [];
    const read = async (name: string): Promise<string> =>
      (await container.expect(['cat', `/proc/sys/net/ipv4/${name}`])).replace('\n', '');

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'portfence-test-'));
      container = await createNamespace();
      programs.length = 0;
      entry = openNamespaceEntry({
        ...realSystem,
        run: (argv, options) =>
          argv[0] === program || argv[0] !== 'perl'
            ? realSystem.run(argv, options)
            : Promise.resolve({ code: 127, stdout: '', stderr: '' }),
        startCoprocess: (argv, onLine) => {
          programs.push(argv[0]);
          return realSystem.startCoprocess(argv, onLine);
        },
      });
    });
    afterEach(async () => {
      await entry.stop();
      await container.close();
      await rm(folder, { recursive: true });
    });

    test('and given what it is to have, where nothing else was chosen', async () => {
      expect(await entry.give(container.path, DESIRED)).toEqual({
        range: given(OURS.range),
        reserved: given(OURS.reserved),
        timestamps: given(OURS.timestamps),
      });
      expect(await read('ip_local_port_range')).toBe(OURS.range);
      expect(await read('ip_local_reserved_ports')).toBe(OURS.reserved);
      expect(await read('tcp_timestamps')).toBe('2');
      await entry.give(container.path, desiredSysctls(KERNEL_DEFAULTS, [OURS]));
      expect(await read('ip_local_port_range')).toBe(KERNEL_DEFAULTS.range);
      expect(await read('ip_local_reserved_ports')).toBe('');
      expect(programs).toEqual([program]);
    });

    test('and keeps what was chosen for it; a value that the kernel refuses is reported', async () => {
      await container.expect(['sysctl', '-q', '-w', 'net.ipv4.ip_local_port_range=20000 30000']);
      const refused = { ...OURS, reserved: '1-99999' };
      expect(await entry.give(container.path, desiredSysctls(refused, [refused]))).toEqual({
        range: { verdict: 'kept', value: '20000\t30000' },
        reserved: { verdict: 'refused', value: '' },
        timestamps: given('2'),
      });
    });

    test('unless it is the host’s own, or not there', async () => {
      expect(await entry.give('/proc/self/ns/net', DESIRED)).toBe('host');
      expect(await entry.give(join(folder, 'missing'), DESIRED)).toBe('gone');
      await writeFile(join(folder, 'file'), '');
      expect(await entry.give(join(folder, 'file'), DESIRED)).toBe('gone');
    });

    test('many at once, each with its own', async () => {
      const all = await Promise.all(Array.from({ length: 30 }, () => createNamespace()));
      const outcomes = await Promise.all(all.map(({ path }) => entry.give(path, DESIRED)));
      expect(outcomes).toEqual(all.map(() => expect.objectContaining({ range: given(OURS.range) })));
      await Promise.all(all.map((one) => one.close()));
    });
  });
});
