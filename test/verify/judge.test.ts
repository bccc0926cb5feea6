import { expect, test } from 'vitest';
import { connectionKey, type Evidence, judge } from '../../src/verify/judge.ts';

/** Connections as `[source port, port that it left with]`; undefined where it was not seen leaving. */
function evidence(flows: readonly (readonly [number, number | undefined])[], more: Partial<Evidence> = {}): Evidence {
  return {
    sent: flows.map(([from]) => ({ from, to: 443 })),
    recorded: {
      before: flows.map(([from], id) => ({ sourcePort: from, destinationPort: 443, id })),
      after: flows.flatMap(([, left], id) =>
        left === undefined ? [] : [{ sourcePort: left, destinationPort: 443, id }],
      ),
    },
    tracked: new Map(),
    leaked: undefined,
    drops: false,
    ranges: [{ from: 49_152, to: 61_000 }],
    address: '172.18.0.5',
    destination: '192.0.2.1',
    ...more,
  };
}

test('passes when every connection left with an allowed port', () => {
  const verdict = judge(
    evidence(
      [
        [1024, 50_000],
        [50_001, 50_001],
      ],
      { leaked: 0 },
    ),
  );
  expect(verdict).toEqual({ outcome: 'pass', attempts: 2, inRange: 2, outOfRange: 0, unseen: 0, notes: [] });
});

test('fails with the count and one example when one left with another port', () => {
  const verdict = judge(
    evidence([
      [50_000, 50_000],
      [40_001, 40_001],
      [40_002, 1024],
    ]),
  );
  expect(verdict).toMatchObject({
    outcome: 'fail',
    attempts: 3,
    inRange: 1,
    outOfRange: 2,
    reason: '2 of 3 left with a port outside 49152-61000',
    example: { address: '172.18.0.5', from: 40_001, left: 40_001, to: '192.0.2.1 port 443' },
  });
});

test('nothing sent is no pass', () => {
  expect(judge(evidence([]))).toMatchObject({ outcome: 'inconclusive', attempts: 0 });
});

test('a connection that was not seen leaving is no pass', () => {
  expect(
    judge(
      evidence([
        [40_000, 50_000],
        [40_001, undefined],
      ]),
    ),
  ).toMatchObject({
    outcome: 'inconclusive',
    attempts: 2,
    inRange: 1,
    unseen: 0,
    reason: '1 were dropped on their way out (the range is full, or a rule drops them)',
  });
  const none = evidence([[40_000, undefined]], { recorded: { before: [], after: [] } });
  expect(judge(none)).toMatchObject({ outcome: 'inconclusive', attempts: 1, inRange: 0, unseen: 1 });
});

test('a refused connection counts as one, a port that is in use does not', () => {
  const flows = evidence([[50_000, 50_000]]);
  const refused = judge({ ...flows, sent: [...flows.sent, { from: 40_000, to: 443, error: 'EPERM' }] });
  expect(refused).toMatchObject({ outcome: 'inconclusive', attempts: 2, unseen: 1 });
  expect(refused.reason).toContain('EPERM');
  const inUse = judge({ ...flows, sent: [...flows.sent, { from: 40_000, to: 443, error: 'EADDRINUSE' }] });
  expect(inUse).toMatchObject({ outcome: 'pass', attempts: 1 });
});

test('packets of others are not taken for ours', () => {
  const flows = evidence([[50_000, 50_000]]);
  const other = { sourcePort: 1024, destinationPort: 443, id: 77 };
  const recorded = { before: [...flows.recorded.before, other], after: [...flows.recorded.after, other] };
  expect(judge({ ...flows, recorded })).toMatchObject({ outcome: 'pass', attempts: 1, inRange: 1 });
});

test('fails when conntrack contradicts what was seen', () => {
  const tracked = new Map([[connectionKey(40_000, 443), 40_000]]);
  const verdict = judge(evidence([[40_000, 50_000]], { tracked }));
  expect(verdict).toMatchObject({
    outcome: 'fail',
    reason: 'port 40000 was seen leaving with port 50000, but conntrack says 40000',
  });
});

test('fails when a guard that drops had to', () => {
  const flows = [
    [50_000, 50_000],
    [40_000, undefined],
  ] as const;
  expect(judge(evidence(flows, { drops: true, leaked: 1 })).outcome).toBe('fail');
  expect(judge(evidence(flows, { drops: true, leaked: 0 })).outcome).toBe('inconclusive');
});

test('tells where the guard counted others, or missed some', () => {
  expect(judge(evidence([[50_000, 50_000]], { leaked: 3 }))).toMatchObject({
    outcome: 'pass',
    notes: ['the guard counted 3 leaked packets besides, which were none of these'],
  });
  expect(
    judge(
      evidence(
        [
          [40_000, 40_000],
          [40_001, 40_001],
        ],
        { leaked: 1 },
      ),
    ).notes,
  ).toEqual(['the guard counted only 1 of the 2 that left out of range']);
});
