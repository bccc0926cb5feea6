import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isUnknown } from '../../src/acl/model.ts';
import { traceOf } from '../../src/acl/trace.ts';
import { ADDRESSES, anyAcl } from './random-acl.ts';

test('the entries that a packet met tell the same as the decision', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      anyAcl('acl-1', { doubts: 1 }),
      fc.constantFrom('inbound' as const, 'outbound' as const),
      fc.constantFrom(...ADDRESSES.ipv4),
      fc.integer({ min: 0, max: 65_535 }),
      (acl, direction, address, port) => {
        const kind = { family: 'ipv4', protocol: 6 } as const;
        const { met, decision } = traceOf({ acl, direction, kind, remote: `${address}/32`, port });
        seen.add(decision.verdict);
        const decider = met.find(({ entry, matches }) => matches === 'yes' && !isUnknown(entry.number));
        const doubtful = met.filter((one) => one !== decider && one.matches !== 'no');
        if (doubtful.length === 0 && (!decider || !isUnknown(decider.entry.allow))) {
          expect(decision.verdict).toBe(decider?.entry.allow === true ? 'pass' : 'drop');
          expect(decision.by[0]).toMatchObject(decider ? { entry: decider.entry } : { kind: 'implicit' });
        }
        for (const one of decision.by)
          if (one.kind === 'entry') expect(met.find(({ entry }) => entry === one.entry)?.matches).not.toBe('no');
      },
    ),
    { numRuns: 500 },
  );
  expect([...seen].sort()).toEqual(['drop', 'pass', 'unsure']);
});
