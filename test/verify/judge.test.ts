import { describe, expect, test } from 'vitest';
import { connectionKey, demandAnswers, type Evidence, judge } from '../../src/verify/judge.ts';
import type { Check } from '../../src/verify/model.ts';

/** Connections as `[source port, port that it left with]`; undefined where it was not seen leaving. */
function evidence(flows: readonly (readonly [number, number | undefined])[], more: Partial<Evidence> = {}): Evidence {
  return {
    sent: flows.map(([from]) => ({ from, to: 443 })),
    recorded: {
      before: flows.map(([from], id) => ({ source: '172.18.0.5', sourcePort: from, destinationPort: 443, id })),
      after: flows.flatMap(([, left], id) =>
        left === undefined ? [] : [{ source: '10.0.1.10', sourcePort: left, destinationPort: 443, id }],
      ),
    },
    tracked: new Map(),
    leaked: undefined,
    drops: false,
    ranges: [{ from: 49_152, to: 61_000 }],
    address: '172.18.0.5',
    destination: '192.0.2.1',
    expected: () => ({ from: '10.0.1.10', to: '10.0.1.10', by: 'masqueraded' }),
    own: ['10.0.1.10'],
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
  expect(verdict).toEqual({
    outcome: 'pass',
    attempts: 2,
    inRange: 2,
    outOfRange: 0,
    unseen: 0,
    answered: 0,
    address: { expected: '10.0.1.10', seen: '10.0.1.10', by: 'masqueraded' },
    notes: [],
  });
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
  const other = { source: '10.9.9.9', sourcePort: 1024, destinationPort: 443, id: 77 };
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

describe('the source address', () => {
  const flows = [
    [50_000, 50_000],
    [50_001, 50_001],
  ] as const;
  const from = (address: string) => (one: Evidence) => ({
    ...one,
    recorded: { ...one.recorded, after: one.recorded.after.map((passed) => ({ ...passed, source: address })) },
  });

  test('a connection that leaves with another address than the rules give fails by name', () => {
    const rule = 'inet own post: oifname eth0 snat to 198.51.100.77';
    const expected = () => ({ from: '198.51.100.77', to: '198.51.100.78', by: rule });
    const verdict = judge({ ...evidence(flows), expected });
    expect(verdict).toMatchObject({
      outcome: 'fail',
      inRange: 2,
      reason: `2 of 2 left with the source address 10.0.1.10 instead of 198.51.100.77-198.51.100.78 (${rule})`,
      example: { from: 50_000, left: 50_000, leftAddress: '10.0.1.10' },
      address: { expected: '198.51.100.77-198.51.100.78', seen: '10.0.1.10', by: rule },
    });
    expect(judge(from('198.51.100.78')({ ...evidence(flows), expected })).outcome).toBe('pass');
  });

  test('what no rule can be expected to give is not compared', () => {
    const verdict = judge({ ...evidence(flows), expected: () => undefined });
    expect(verdict.outcome).toBe('pass');
    expect(verdict).not.toHaveProperty('address');
  });

  test.each(['172.18.0.5', '100.64.1.1', 'fd00::5'])('%s towards a public address decides nothing', (address) => {
    const expected = () => ({ from: address, to: address, by: 'the address stays' });
    const kept = from(address)({ ...evidence(flows), expected });
    expect(judge(kept)).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining(`private source address ${address}`),
      remedy: expect.stringContaining('--to HOST:PORT'),
    });
    expect(judge({ ...kept, sent: kept.sent.map((one) => ({ ...one, answered: true })) }).outcome).toBe('pass');
    expect(judge({ ...kept, own: [address] }).outcome).toBe('pass');
    expect(judge({ ...kept, destination: '10.9.0.1' }).outcome).toBe('pass');
  });
});

describe('a named peer', () => {
  const check = (name: string, answered: number | undefined, more: Partial<Check> = {}): Check => ({
    name,
    origin: 'host',
    family: 'ipv4',
    protocol: 'tcp',
    outcome: 'pass',
    attempts: 10,
    inRange: 10,
    outOfRange: 0,
    ...(answered === undefined ? {} : { answered }),
    ...more,
  });
  const outcomes = (...checks: readonly Check[]) => demandAnswers(checks).map(({ outcome }) => outcome);

  test('has to answer every check where it answers one of the same family and protocol', () => {
    const [, silent] = demandAnswers([check('host', 10), check('container', 0)]);
    expect(silent).toMatchObject({
      outcome: 'fail',
      reason: 'none of 10 got an answer, though the peer answers host',
    });
    expect(outcomes(check('host', 10), check('container', 0, { protocol: 'udp' }))).toEqual(['pass', 'pass']);
    expect(outcomes(check('host', 0), check('container', 0))).toEqual(['pass', 'pass']);
    expect(outcomes(check('host', undefined))).toEqual(['pass']);
  });

  test('may lose a datagram, but no connection', () => {
    expect(outcomes(check('host', 9))).toEqual(['fail']);
    expect(outcomes(check('host', 9, { protocol: 'udp' }))).toEqual(['inconclusive']);
  });
});
