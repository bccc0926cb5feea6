import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blockHas } from '../../src/addresses.ts';
import { blockMatcher, groupsOf } from '../../src/flows/block-matcher.ts';
import { openScan } from '../../src/flows/flow-scan.ts';
import { observeFlowScan } from '../../src/flows/observe-flows.ts';
import { destinationRows, pairsTowards, sourceRows } from '../../src/flows/rows.ts';
import { flowScope } from '../../src/flows/scope.ts';
import { compile } from '../../src/plan/compile.ts';
import type { ContainerNetwork } from '../../src/plan/facts.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';
import { missing, scriptedSystem } from '../support/scripted-system.ts';
import { type Entry, entryLine } from './entries.ts';

const bridge: ContainerNetwork = {
  ...{ engine: 'docker', name: 'bridge', bridge: 'docker0', subnets: ['172.17.0.0/16'], routed: [] },
  ...{ sourceAddress: undefined, internal: false },
};
const facts = { ...sampleFacts, networks: [bridge] };
const policy = { ...samplePolicy, exempt: { destinations: ['198.18.0.0/15'], sourcePorts: [] } };
const scope = flowScope(compile(policy, facts), facts);
const web: Entry = { source: '172.17.0.2', destination: '203.0.113.10', port: 443, leavingPort: 50_000 };

function scanned(entries: readonly (Entry | string)[], piece = 1 << 16) {
  const bytes = Buffer.from(entries.map((one) => (typeof one === 'string' ? one : entryLine(one))).join('\n'));
  const running = openScan(scope);
  for (let at = 0; at < bytes.length; at += piece) {
    const part = Buffer.from(bytes.subarray(at, at + piece));
    running.take(part, part.length);
    part.fill(0); // A reader's buffer is written over.
  }
  running.end();
  return running.scan;
}

describe('a scan of conntrack', () => {
  test('counts ports in use by destination and by phase', () => {
    const scan = scanned([
      web,
      { ...web, leavingPort: 50_001, state: 'TIME_WAIT' },
      { ...web, leavingPort: 50_002, state: 'SYN_SENT', unreplied: true, timeoutS: 60 },
      { ...web, leavingPort: 50_003, port: 80 },
    ]);
    expect(destinationRows(scan, 10)).toMatchObject({
      of: 2,
      rows: [
        {
          address: '203.0.113.10',
          port: 443,
          inUse: 3,
          available: 11_849,
          opening: 1,
          open: 1,
          closing: 1,
          hanging: 1,
        },
        { address: '203.0.113.10', port: 80, inUse: 1, leaving: '10.0.1.10' },
      ],
    });
  });

  test('counts apart what leaves out of range, and not what the policy exempts', () => {
    const scan = scanned([
      { ...web, leavingPort: 40_000 },
      { ...web, leavingPort: 40_001, destination: '198.18.0.1' },
    ]);
    expect(scan.totals).toMatchObject({ leaving: 2, outOfRange: 1 });
    expect(scan.outOfRange.map(({ reply }) => reply.destinationPort)).toEqual([40_000]);
  });

  test('passes over what does not leave: between containers, to this host, and from outside', () => {
    const scan = scanned([
      { ...web, destination: '172.17.0.3' },
      { ...web, destination: '10.0.1.10' },
      { ...web, destination: '127.0.0.1', source: '127.0.0.1', leaving: '127.0.0.1' },
      { source: '198.51.100.7', destination: '10.0.1.10', port: 443, leaving: '198.51.100.7', leavingPort: 41_000 },
    ]);
    expect(scan.totals).toMatchObject({ entries: 4, leaving: 0 });
  });

  test('knows the sources by kind', () => {
    const scan = scanned([
      web,
      { ...web, source: '10.0.1.10', leavingPort: 50_001 },
      { ...web, source: '192.168.7.7' },
    ]);
    expect(
      sourceRows(scan, 9)
        .rows.map(({ address, kind }) => `${address} ${kind}`)
        .sort(),
    ).toEqual(['10.0.1.10 host', '172.17.0.2 container', '192.168.7.7 other']);
  });

  test('takes an unanswered connection for hanging only two seconds after its last packet', () => {
    const opening = { ...web, state: 'SYN_SENT', unreplied: true };
    expect(
      scanned([
        { ...opening, timeoutS: 119 },
        { ...opening, timeoutS: 118 },
      ]).totals.hanging,
    ).toBe(1);
  });

  test('gives the same counts whatever pieces the bytes come in', () => {
    const text = readFileSync(new URL('../observe/fixtures/conntrack.txt', import.meta.url), 'utf8');
    const whole = scanned([text, entryLine(web)]);
    for (const piece of [1, 2, 7, 64, 333])
      expect(scanned([text, entryLine(web)], piece).totals, String(piece)).toEqual(whole.totals);
    expect(whole.totals).toMatchObject({ entries: 14, malformed: 0, otherProtocols: 3 });
  });

  test('counts lines that are no entry, and goes on', () => {
    const odd = [
      '',
      'nonsense',
      'ipv4',
      entryLine(web).slice(0, 80),
      'x'.repeat(10_000),
      entryLine(web).replaceAll('=50000', '=70000'),
    ];
    expect(scanned([...odd, web]).totals).toMatchObject({ malformed: 5, entries: 1, leaving: 1 });
  });

  test('never fails, whatever the bytes are', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.constant(entryLine(web)),
            fc.string().map((s) => `ipv4 2 tcp 6 9 ${s}`),
          ),
        ),
        (lines) => {
          const { entries, malformed } = scanned(lines).totals;
          expect(entries + malformed).toBeLessThanOrEqual(lines.join('\n').split('\n').length);
        },
      ),
    );
  });

  test('agrees with a count by objects over random entries', () => {
    const entry = fc.record({
      source: fc.constantFrom('172.17.0.2', '172.17.0.3', '10.0.1.10'),
      destination: fc.constantFrom('203.0.113.10', '203.0.113.11', '172.17.0.9'),
      port: fc.constantFrom(80, 443),
      leavingPort: fc.constantFrom(40_000, 50_000, 61_001),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 200 }), (entries) => {
        const leaving = entries.filter(({ destination }) => destination !== '172.17.0.9');
        const scan = scanned(entries);
        const out = leaving.filter(({ leavingPort }) => leavingPort !== 50_000);
        expect(scan.totals).toMatchObject({ leaving: leaving.length, outOfRange: out.length });
        const towards = leaving.filter((one) => one.destination === '203.0.113.10' && one.port === 443);
        const { pairs } = pairsTowards(scan, { address: '203.0.113.10', port: 443 });
        expect(pairs.reduce((sum, { flows }) => sum + flows, 0)).toBe(towards.length);
      }),
    );
  });
});

test('many destinations are told apart, however the tables grow', () => {
  const entries = Array.from({ length: 5000 }, (_, i) => ({
    ...web,
    destination: `203.0.${i >> 8}.${i & 255}`,
    source: `172.17.${i % 7}.${(i % 250) + 1}`,
  }));
  const { rows, of } = destinationRows(scanned(entries), 10_000);
  expect(of).toBe(5000);
  expect(new Set(rows.map(({ address }) => address)).size).toBe(5000);
});

test('a block matcher says what blockHas says', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(address, address, fc.nat(32), (one, base, length) => {
      const block = `${base}/${length}`;
      expect(blockMatcher([block])(groupsOf(one) ?? [])).toBe(blockHas(block, one));
      expect(blockMatcher([block])(groupsOf(base) ?? [])).toBe(true);
    }),
  );
});

describe('the road to the flows', () => {
  const line = `${entryLine(web)}\n`;
  const command = 'conntrack -L -o extended';

  test('is the file where the kernel has one', async () => {
    const system = scriptedSystem({ files: { '/proc/net/nf_conntrack': line } });
    expect(await observeFlowScan(system, scope)).toMatchObject({
      road: '/proc/net/nf_conntrack',
      scan: { totals: { leaving: 1 } },
    });
  });

  test.each([
    ['20000', { ahead: true }, false],
    ['20001', { ahead: true }, true],
    ['20001', {}, false],
  ])('of %s entries has a second thread for %j: %s', async (count, options, expected) => {
    const scripted = scriptedSystem({
      files: { '/proc/net/nf_conntrack': line, '/proc/sys/net/netfilter/nf_conntrack_count': `${count}\n` },
    });
    let ahead: boolean | undefined;
    const readBytes: typeof scripted.readBytes = (path, onBytes, asked) => {
      ahead = asked?.ahead;
      return scripted.readBytes(path, onBytes);
    };
    await observeFlowScan({ ...scripted, readBytes }, scope, options);
    expect(ahead).toBe(expected);
  });

  test('is conntrack(8) where there is no file', async () => {
    const system = scriptedSystem({ commands: { [command]: line } });
    expect(await observeFlowScan(system, scope)).toMatchObject({ road: command, scan: { totals: { leaving: 1 } } });
  });

  test('ends in an error with the package where there is neither', async () => {
    const system = scriptedSystem({ commands: { [command]: missing('conntrack') } });
    await expect(observeFlowScan(system, scope)).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      hint: /package conntrack/,
    });
  });

  test('ends in an error where no line is a flow', async () => {
    const system = scriptedSystem({ files: { '/proc/net/nf_conntrack': 'something\nelse\n' } });
    await expect(observeFlowScan(system, scope)).rejects.toThrow('2 lines, and none of them is a flow');
  });
});
