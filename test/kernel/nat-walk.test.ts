import process from 'node:process';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { follow } from '../../src/nat/follow.ts';
import type { Decision } from '../../src/nat/program.ts';
import { walkProgram } from '../../src/nat/walk.ts';
import { type NatTestbed, natTestbed } from '../support/nat-testbed.ts';
import { anyTraffic, EVERYWHERE, natFlowOf, type RandomFlow } from '../support/nat-traffic.ts';
import { NAT, needs } from '../support/needs.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_125);
const RULESETS = Number(process.env['FUZZ_RUNS'] ?? 12);
const FLOWS = 40;

needs(...NAT)('the walk and the kernel', () => {
  let testbed: NatTestbed;
  beforeAll(async () => {
    testbed = await natTestbed();
  });
  afterAll(() => testbed?.close());

  test('agree on the address of every flow, whatever rules stand', async () => {
    const property = fc.asyncProperty(anyTraffic(EVERYWHERE, FLOWS), async ({ family, rulesets, flows }) => {
      await testbed.load(rulesets, family);
      const program = follow((await testbed.listed())[family]);
      const left = await testbed.send(flows);
      const walked = flows.map((flow) => addressBy(walkProgram(program, natFlowOf(flow, 20_000)), flow));
      const followed = walked.map((address, i) => (address === 'unfollowed' ? address : left[i]?.address));
      expect(walked).toEqual(followed);
    });
    await fc.assert(property, { seed: SEED, numRuns: RULESETS, endOnFailure: true });
  }, 300_000);
});

function addressBy(decision: Decision, { from, to }: RandomFlow): string {
  switch (decision.do) {
    case 'keep':
      return from.address;
    case 'masquerade':
      return to.masquerade;
    case 'snat':
      return decision.addresses?.from ?? from.address;
    default:
      return decision.do;
  }
}
