import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import type { FlowEntry } from '../../src/observe/conntrack.ts';
import { readConntrack } from '../../src/observe/conntrack.ts';
import { compile } from '../../src/plan/compile.ts';
import { dropHangingFlows } from '../../src/reconcile/hanging.ts';
import { deletions } from '../../src/reconcile/hanging-deletions.ts';
import { seenFlows } from '../../src/reconcile/seen-flows.ts';
import type { System } from '../../src/system/system.ts';
import { entryLine } from '../flows/entries.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const host = { facts: sampleFacts, plan: compile(samplePolicy, sampleFacts) };
const LIST = 'conntrack -L -o extended -u UNREPLIED';
const opening = { source: '10.0.1.10', state: 'SYN_SENT', unreplied: true, timeoutS: 100 };

/** The line of an unanswered connection to the destination with this number, from a port out of range. */
const lineTo = (place: number, leavingPort = 40_000): string =>
  entryLine({ ...opening, destination: `203.${place >> 8}.113.${place & 255}`, port: 443, leavingPort });

/** A host with so many hanging connections, a few hundred to each destination; it never gives them as one text. */
function crowdedHost({ flows, toEach }: { flows: number; toEach: number }) {
  const deleted = new Set<string>();
  const scripted = scriptedSystem();
  const calls = { deletions: 0, listings: 0 };
  const system: System = {
    ...scripted,
    run: async (argv) => {
      if (argv[1] !== '-D') throw new Error(`a whole listing: ${argv.join(' ')}`);
      calls.deletions += 1;
      deleted.add(argv[argv.indexOf('-d') + 1] ?? '');
      return { code: 0, stdout: '', stderr: '' };
    },
    runBytes: async (argv, onBytes) => {
      expect(argv.join(' ')).toBe(LIST);
      calls.listings += 1;
      for (let i = 0; i < flows; i += 1) {
        const line = lineTo(Math.floor(i / toEach), 32_768 + (i % toEach));
        if (deleted.has(/dst=(\S+)/.exec(line)?.[1] ?? '')) continue;
        const bytes = Buffer.from(`${line}\n`);
        onBytes(bytes, bytes.length);
      }
      return { code: 0, stdout: '', stderr: '' };
    },
  };
  return { system, calls };
}

describe('connections that hang', () => {
  test('are dropped by destination where they are many, and never held as one listing', async () => {
    const { system, calls } = crowdedHost({ flows: 20_000, toEach: 400 });
    const said: string[] = [];
    expect(await dropHangingFlows(system, host, (line) => said.push(line))).toEqual({ dropped: 20_000, left: 0 });
    expect(said).toEqual(['20000 connections may hang with a port out of range: looking again in 1 s']);
    expect(calls).toEqual({ deletions: 50, listings: 3 });
  });

  test('are dropped one by one where they are few', async () => {
    const { system, calls } = crowdedHost({ flows: 5, toEach: 5 });
    expect(await dropHangingFlows(system, host, () => {})).toEqual({ dropped: 5, left: 0 });
    expect(calls.deletions).toBe(5);
  });

  test('are only those that had no answer the first time either', async () => {
    let listing = `${lineTo(1, 40_001)}\n${lineTo(2, 40_002)}\n`;
    const scripted = scriptedSystem({ commands: { [LIST]: () => listing } });
    const system: System = {
      ...scripted,
      run: async (argv, options) => {
        if (argv[1] !== '-D') return scripted.run(argv, options);
        scripted.calls.run.push({ argv, input: undefined });
        listing = '';
        return { code: 0, stdout: '', stderr: '' };
      },
      sleep: async () => {
        listing = `${lineTo(2, 40_002)}\n${lineTo(3, 40_003)}\n`;
      },
    };
    expect(await dropHangingFlows(system, host, () => {})).toEqual({ dropped: 1, left: 0 });
    const dropped = scripted.calls.run.map(({ argv }) => argv.join(' ')).filter((line) => line.includes(' -D '));
    expect(dropped).toEqual([
      'conntrack -D -f ipv4 -p tcp --state SYN_SENT -d 203.0.113.2 --dport 443 -s 10.0.1.10 --sport 40002',
    ]);
  });

  test('leave alone what is answered, in range, another state, or not mapped by the plan', async () => {
    const listing = [
      entryLine({ ...opening, destination: '203.0.113.1', port: 443, leavingPort: 50_000 }),
      entryLine({ ...opening, destination: '203.0.113.1', port: 443, leavingPort: 40_000, unreplied: false }),
      entryLine({ ...opening, destination: '203.0.113.1', port: 443, leavingPort: 40_000, state: 'SYN_RECV' }),
      entryLine({ ...opening, destination: '203.0.113.1', port: 443, leavingPort: 40_000, source: '192.0.2.9' }),
    ].join('\n');
    const system = scriptedSystem({ commands: { [LIST]: listing } });
    expect(await dropHangingFlows(system, host, () => {})).toEqual({ dropped: 0, left: 0 });
    expect(system.calls.slept).toEqual([]);
  });
});

describe('what is held of many connections', () => {
  const flowTo = (place: number): FlowEntry => readConntrack(lineTo(place))[0] as FlowEntry;

  test('is bounded, whether they go to one destination or to many', () => {
    const [seen, wanted] = [seenFlows(), deletions(true)];
    for (let place = 0; place < 20_000; place += 1) {
      seen.note(flowTo(place));
      wanted.add(flowTo(place));
    }
    expect(seen.count()).toBe(20_000);
    expect(seen.has(flowTo(4095))).toBe(true); // One by one,
    expect(seen.has(flowTo(8191))).toBe(true); // by destination,
    expect(seen.has(flowTo(8192))).toBe(false); // and no more.
    expect(wanted.selections()).toHaveLength(4096);
  });

  test('names a UDP connection wholly where conntrack cannot be asked for unanswered ones', () => {
    const udp: FlowEntry = { ...flowTo(1), protocol: 'udp' };
    const of = (canSelect: boolean): readonly string[] => {
      const wanted = deletions(canSelect);
      for (let port = 40_000; port < 40_020; port += 1)
        wanted.add({ ...udp, original: { ...udp.original, sourcePort: port } });
      return wanted.selections().map((selection) => selection.join(' '));
    };
    expect(of(true)).toEqual(['-f ipv4 -p udp -u UNREPLIED -d 203.0.113.1 --dport 443']);
    expect(of(false)).toHaveLength(20);
    expect(of(false)[0]).toBe('-f ipv4 -p udp -d 203.0.113.1 --dport 443 -s 10.0.1.10 --sport 40000');
  });
});
