import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { apply } from '../../src/reconcile/apply.ts';
import type { CommandResult, System } from '../../src/system/system.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL } from '../support/fenced-testbed.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const UNKNOWN_WORD = "conntrack v1.4.6 (conntrack-tools): Bad parameter `UNREPLIED'";

needs(...LAB, 'conntrack')('apply on a host with an old conntrack(8)', () => {
  let fenced: FencedTestbed;
  beforeEach(async () => {
    fenced = await fencedTestbed(OPEN_ACL);
    const ends = ['-s', HOST.ipv4, '-d', PEER.ipv4, '--dport', '443', '-t', '60', '--sport'];
    await fenced.testbed.host.expect(['conntrack', '-I', '-p', 'tcp', ...ends, '40123', '--state', 'SYN_SENT']);
    await fenced.testbed.host.expect(['conntrack', '-I', '-p', 'udp', ...ends, '40124']);
  });
  afterEach(() => fenced?.close());

  const applyWith = async (answer: (argv: readonly string[]) => CommandResult | undefined) => {
    const system: System = {
      ...fenced.system,
      run: async (argv, options) => answer(argv) ?? fenced.system.run(argv, options),
      runBytes: async (argv, ...rest) => answer(argv) ?? fenced.system.runBytes(argv, ...rest),
    };
    const { hanging } = await apply(system, { policy: () => samplePolicy, say: () => {} });
    const { stdout } = await fenced.testbed.host.run(['conntrack', '-L']);
    return {
      hanging,

      stillThere: [40_123, 40_124].filter((p) => stdout.includes(`sport=${p} `)),
    };
  };

  test('that does not know UNREPLIED drops what hangs all the same', async () => {
    const { hanging, stillThere } = await applyWith((argv) =>
      argv[0] === 'conntrack' && argv.includes('UNREPLIED') ? { code: 2, stdout: '', stderr: UNKNOWN_WORD } : undefined,
    );
    expect(hanging).toEqual({ dropped: 2, left: 0 });
    expect(stillThere).toEqual([]);
  });
});
