import { expect, test } from 'vitest';
import { readState, stateFolder } from '../../src/reconcile/state.ts';
import { survey } from '../../src/reconcile/survey.ts';
import type { System } from '../../src/system/system.ts';
import { onEachBackend } from '../support/backends.ts';
import { fencedTestbed, OPEN_ACL } from '../support/fenced-testbed.ts';
import { LAB } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const isTrial = (argv: readonly string[]): boolean => argv.includes('unshare');

onEachBackend('what the kernel makes of the rules', LAB, (flavour) => {
  test('is not asked while what was applied is there, and anew when it is not', async () => {
    const fenced = await fencedTestbed(OPEN_ACL, flavour);
    let trials = 0;
    // Another tool may list the same rules in other words: the listing of the day is spoilt with `words`.
    let words = (text: string) => text;
    const system: System = {
      ...fenced.system,
      run: async (argv, options) => {
        const done = await fenced.system.run(argv, options);
        if (isTrial(argv)) trials += 1;
        return { ...done, stdout: words(done.stdout) };
      },
    };
    const looked = async () => {
      const before = trials;
      const state = await readState(system, await stateFolder(system));
      const { drift } = await survey(system, { policy: () => samplePolicy, state });
      return { tried: trials > before, drift: drift.length > 0 };
    };
    try {
      await fenced.fence();
      // As another process, which has asked nothing yet, finds it.
      expect(await looked()).toEqual({ tried: false, drift: false });
      words = (text) => text.replaceAll('not-uplink', 'not-an-uplink');
      expect(await looked()).toEqual({ tried: true, drift: false });
      expect(await looked()).toEqual({ tried: false, drift: false });
      words = (text) => text;
      await fenced.testbed.host.run(['nft', 'flush', 'ruleset']);
      await fenced.testbed.host.run(['iptables-legacy', '-t', 'nat', '-F']);
      expect(await looked()).toEqual({ tried: true, drift: true });
    } finally {
      await fenced.close();
    }
  });
});
