import { describe, expect, test } from 'vitest';
import type { HostReport, HostStatus } from '../../src/fleet/host-report.ts';
import { judgeFleet } from '../../src/fleet/judge.ts';
import { readStatus } from '../../src/fleet/read-status.ts';

const FINE: HostStatus = {
  ...{ state: 'inSync', enforced: true, looked: 5, drift: { differences: 0, words: [] } },
  ...{ leaks: { lastHour: 0, ever: 9 }, fill: { ratio: 0.1, destination: undefined } },
  ...{ version: '1.0.0', policy: 'aaa', ports: ['49152-61000'], error: undefined },
};
const host = (name: string, change: Partial<HostStatus> = {}): HostReport => ({
  ...{ name, address: `${name}:9469` },
  status: { ...FINE, ...change },
});

describe('a fleet', () => {
  test('is sorted by trouble, and by how much of it', () => {
    const { hosts, outcome } = judgeFleet([
      host('fine-10'),
      host('fine-9'),
      host('other-version', { version: '0.9.0' }),
      host('filling', { fill: { ratio: 0.5, destination: undefined } }),
      host('nearly-full', { fill: { ratio: 0.8, destination: undefined } }),
      { name: 'gone', address: 'gone:9469', silence: 'nothing listens there' },
      host('removed', { state: 'removed', enforced: false }),
      host('silent', { looked: 91, enforced: false }),
      host('failing', { state: 'failing', enforced: false }),
      host('leaks', { leaks: { lastHour: 1, ever: 1 } }),
      host('leaks-more', { leaks: { lastHour: 5, ever: 5 } }),
    ]);
    expect(hosts.map(({ report }) => report.name)).toEqual([
      ...['leaks-more', 'leaks', 'failing', 'removed', 'silent', 'gone'],
      ...['nearly-full', 'filling', 'other-version', 'fine-9', 'fine-10'],
    ]);
    expect(hosts.map(({ verdict }) => verdict)).toEqual([
      ...['leaks', 'leaks', 'failing', 'not-enforced', 'silent', 'no-answer'],
      ...['nearly-full', 'filling', 'differs', 'fine', 'fine'],
    ]);
    expect(outcome).toBe('broken');
  });

  test('is not known where a host gives no answer, and fine where hosts only differ or fill', () => {
    const gone: HostReport = { name: 'gone', address: 'gone:9469', silence: 'nothing listens there' };
    expect(judgeFleet([host('a'), gone]).outcome).toBe('unknown');
    expect(judgeFleet([host('a', { enforced: false, state: 'restoring' }), gone]).outcome).toBe('broken');
    expect(
      judgeFleet([host('a'), host('b', { policy: 'bbb', fill: { ratio: 1, destination: undefined } })]).outcome,
    ).toBe('fine');
  });

  test('a packet that leaked long ago is no leak', () => {
    expect(judgeFleet([host('a', { leaks: { lastHour: 0, ever: 1000 } })]).hosts[0]?.verdict).toBe('fine');
  });
});

describe('what an agent says', () => {
  const document = { state: 'inSync', at: 100_000, checkedAt: 95_000, drift: [], counters: { leaked: 3 } };

  test('of an older version is read as far as it goes, and all of its leaks count', () => {
    expect(readStatus(document)).toMatchObject({ enforced: true, leaks: { lastHour: 3, ever: 3 }, policy: undefined });
  });

  test('is no word for a fence where the agent has stopped looking', () => {
    expect(readStatus({ ...document, checkedAt: 5000 })).toMatchObject({
      state: 'inSync',
      enforced: false,
      looked: 95,
    });
  });

  test.each([null, [], 'x', {}, { state: 7 }, { state: '' }])('%j is no status', (value) => {
    expect(readStatus(value)).toBeUndefined();
  });

  test('is scrubbed', () => {
    const hostile = { ...document, drift: ['\u001b[2J'], program: '\u001b]0;x', policy: { digest: '\u202e' } };
    expect(JSON.stringify(readStatus(hostile))).not.toMatch(/\\u001b|\u202e/);
  });
});
