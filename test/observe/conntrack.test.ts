import { describe, expect, it } from 'vitest';
import { hasMappedSource, observeAllFlows, observeFlows, readConntrack } from '../../src/observe/conntrack.ts';
import { failed, missing, scriptedSystem } from '../support/scripted-system.ts';
import { fixture } from './fixture.ts';

const UDP =
  'ipv4     2 udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1';

describe('readConntrack', () => {
  it('reads both directions of a mapped flow', () => {
    expect(readConntrack(fixture('conntrack.txt'))[0]).toEqual({
      family: 'ipv4',
      protocol: 'udp',
      timeoutS: 29,
      original: { source: '198.51.100.10', destination: '203.0.113.5', sourcePort: 39647, destinationPort: 53 },
      reply: { source: '203.0.113.5', destination: '198.51.100.10', sourcePort: 53, destinationPort: 50000 },
      unreplied: true,
      assured: false,
    });
  });

  it('knows tcp, udp and sctp of both families with their states, and passes over the rest', () => {
    const flows = readConntrack(fixture('conntrack.txt'));
    expect(flows.map(({ family, protocol, state }) => [family, protocol, state].filter(Boolean).join(' '))).toEqual([
      'ipv4 udp',
      'ipv4 tcp ESTABLISHED',
      'ipv4 udp',
      'ipv4 tcp CLOSE_WAIT',
      'ipv6 udp',
      'ipv4 sctp CLOSED',
      'ipv6 tcp SYN_SENT',
      'ipv4 tcp SYN_SENT',
      'ipv4 udp',
      'ipv4 udp',
    ]);
    expect(flows.filter(({ assured }) => assured)).toHaveLength(2);
    expect(flows.filter(({ unreplied }) => unreplied)).toHaveLength(7);
  });

  it('reads on past counters, zones, labels, security contexts and keys of the future', () => {
    const [flow] = readConntrack(
      'ipv4     2 tcp      6 5 TIME_WAIT src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 zone-orig=3 packets=4 bytes=5 src=10.0.0.2 dst=10.0.0.9 sport=2 dport=3 packets=4 bytes=5 [ASSURED] mark=1 secctx=system_u:object_r:unlabeled_t:s0 zone=2 delta-time=1 labels=a,b helper=ftp new=src=1 use=1 id=7\n',
    );
    expect(flow).toMatchObject({
      state: 'TIME_WAIT',
      reply: { destination: '10.0.0.9', destinationPort: 3 },
      assured: true,
    });
  });

  it('reads an offloaded flow, which has no clock and no state (nf_conntrack_standalone.c)', () => {
    const ends = 'src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1';
    expect(readConntrack(`ipv4     2 tcp      6 ${ends} [OFFLOAD] mark=0 use=3`)).toEqual([
      expect.objectContaining({ protocol: 'tcp', timeoutS: undefined, assured: false, unreplied: false }),
    ]);
  });

  it.each([
    ['cut off', UDP.slice(0, -8)],
    ['with a port that is none', UDP.replace('dport=2', 'dport=65536')],
    ['with an address that is none', UDP.replace('10.0.0.2', '$(reboot)')],
    ['without an answer', UDP.slice(0, UDP.indexOf(' src=10.0.0.2'))],
  ])('passes over a line %s', (_, line) => {
    expect(readConntrack(`${line}\n${UDP}\n`)).toHaveLength(1);
  });

  it('refuses a text without one flow, and takes an empty one', () => {
    expect(readConntrack('')).toEqual([]);
    expect(() => readConntrack('flow table follows:\n')).toThrow(/no flow: flow table follows/);
  });

  it('stays linear: 200,000 flows, and one line of a million words', () => {
    const started = performance.now();
    expect(readConntrack(`${UDP} [ASSURED] mark=0 use=1\n`.repeat(200_000))).toHaveLength(200_000);
    expect(readConntrack(`${UDP}${' src=1.2.3.4'.repeat(1_000_000)}`)).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

describe('observeFlows', () => {
  it('passes the filter on', async () => {
    const system = scriptedSystem({ commands: { 'conntrack -L -o extended -u UNREPLIED': `${UDP}\n` } });
    expect(await observeFlows(system, ['-u', 'UNREPLIED'])).toHaveLength(1);
  });

  it.each([
    [127, 'spawn conntrack ENOENT', 'TOOL_MISSING'],
    [
      1,
      'conntrack v1.4.7 (conntrack-tools): Operation failed: sorry, you must be root or get CAP_NET_ADMIN',
      'NOT_ROOT',
    ],
    [2, "conntrack v1.4.7 (conntrack-tools): `nonsense' unsupported protocol", 'SYSTEM'],
  ])('ends with %i: %s', async (code, stderr, expected) => {
    const system = scriptedSystem({ commands: { 'conntrack -L -o extended': failed(code, stderr) } });
    await expect(observeFlows(system)).rejects.toMatchObject({ code: expected });
  });
});

describe('hasMappedSource', () => {
  it.each([
    ['dst=10.0.0.1 sport=443 dport=40000', false],
    ['dst=10.0.0.1 sport=443 dport=50000', true],
    ['dst=10.0.0.2 sport=443 dport=40000', true],
  ])('answers to %s: %s', (end, mapped) => {
    const line = `ipv4     2 tcp      6 117 ESTABLISHED src=10.0.0.1 dst=192.0.2.1 sport=40000 dport=443 src=192.0.2.1 ${end} [ASSURED] mark=0 use=1`;
    expect(readConntrack(line).map(hasMappedSource)).toEqual([mapped]);
  });
});

describe('observeAllFlows', () => {
  const commands = { 'conntrack -L -o extended': `${UDP}\n${UDP}\n` };
  it("takes the kernel's own file where there is one", async () => {
    const system = scriptedSystem({ files: { '/proc/net/nf_conntrack': `${UDP}\n` }, commands });
    expect(await observeAllFlows(system)).toHaveLength(1);
  });

  it('asks conntrack where the kernel has no such file', async () => {
    expect(await observeAllFlows(scriptedSystem({ commands }))).toHaveLength(2);
  });

  it('knows nothing where conntrack is missing too, and throws every other failure', async () => {
    const asking = (answer: ReturnType<typeof failed>) =>
      observeAllFlows(scriptedSystem({ commands: { 'conntrack -L -o extended': answer } }));
    expect(await asking(missing('conntrack'))).toBeUndefined();
    await expect(asking(failed(1, 'you must be root'))).rejects.toMatchObject({ code: 'NOT_ROOT' });
  });
});
