import process from 'node:process';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addressBlock } from '../../src/acl/address-block.ts';
import type { AclEntry, NetworkAcl } from '../../src/acl/model.ts';
import { solve } from '../../src/acl/solve.ts';
import { blockHas } from '../../src/addresses.ts';
import { openConnections, type Probe } from '../../src/lab/connections.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { HOST, mirrorAddress } from '../../src/lab/topology.ts';
import {
  ALL_PORTS,
  FAMILIES,
  HIGHEST_PORT,
  hasPort,
  type PortSet,
  parsePorts,
  portsText,
  subtract,
} from '../../src/ports.ts';
import { run } from '../../src/system/run.ts';
import { COMMAND } from '../support/command-line.ts';
import { LAB, needs } from '../support/needs.ts';
import { raiseNftAcl } from '../support/nft-acl.ts';
import { type Blocks, randomAcl } from '../support/random-lab-acl.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_124);
const ACLS = 8;
/** Peers that one ACL tells apart. */
const MIRRORS = 6;
/** Pairs of ACLs, one at each end. */
const PAIRS = 4;
const RANDOM_PORTS = 16;
const MOST_PORTS = 120;
const PATIENCE_MS = 2500;
/** What should have been answered is asked again before it counts: the machine may be slow, an ACL never is. */
const AGAIN_MS = 15_000;

const MOST_PORTS_A_MIRROR = 60;

const PROTOCOLS = { tcp: 6, udp: 17 } as const;
const KINDS = FAMILIES.flatMap((family) => (['tcp', 'udp'] as const).map((protocol) => ({ family, protocol })));

/** Blocks that hold the peer of this run, hold some of its neighbours, or have nothing to do with it. */
const blocksAround = (run: number): Blocks => {
  const { ipv4, ipv6 } = mirrorAddress(run);
  return {
    ipv4: ['0.0.0.0/0', '0.0.0.0/0', '203.0.113.0/24', `${ipv4}/32`, '128.0.0.0/1', '198.51.100.0/24'],
    ipv6: ['::/0', '::/0', 'fd00:2::/64', `${ipv6}/128`, '8000::/1', '2001:db8::/32'],
  };
};

const BLOCKS_AMONG_MIRRORS: Blocks = {
  ipv4: ['203.0.113.16/28', '203.0.113.20/30', '203.0.113.22/31', '203.0.113.24/32', '203.0.113.0/25'],
  ipv6: ['fd00:2::/123', 'fd00:2::20/124', 'fd00:2::22/127', 'fd00:2::24/128', 'fd00:2::/64'],
};

const BLOCKS_AROUND_HOST: Blocks = {
  ipv4: ['0.0.0.0/0', '10.0.1.0/24', `${HOST.ipv4}/32`, '10.0.1.128/25', '203.0.113.0/24'],
  ipv6: ['::/0', 'fd00:1::/64', `${HOST.ipv6}/128`, 'fd00:1::8000/113', '2001:db8::/32'],
};

/** The ACL as the other end would have it: whoever is called lets requests in and answers out. */
function turnedRound(acl: NetworkAcl): NetworkAcl {
  const entries = acl.entries.map(
    (entry): AclEntry => ({ ...entry, direction: entry.direction === 'inbound' ? 'outbound' : 'inbound' }),
  );
  return { ...acl, id: 'theirs', entries };
}

/** What is needed of `acl ranges --split --json`. */
interface Answer {
  readonly ranges: readonly string[];
  readonly split: readonly { readonly parts: readonly { blocks: readonly string[]; ranges: readonly string[] }[] }[];
}

/** Both sides of every edge, of the answer and of each entry, and some ports from anywhere. */
function portsToTry(safe: PortSet, acl: NetworkAcl, run: number): readonly number[] {
  const ranges = [...safe, ...acl.entries.flatMap(({ ports }) => ('unknown' in ports ? [] : ports))];
  const edges = ranges.flatMap(({ from, to }) => [from - 1, from, to, to + 1]);
  const random = fc.sample(fc.integer({ min: 1, max: HIGHEST_PORT }), { seed: SEED - run, numRuns: RANDOM_PORTS });
  const all = new Set([...safe.flatMap(({ from, to }) => [from, to]), ...random, ...edges]);
  return [...all].filter((one) => one >= 1 && one <= HIGHEST_PORT).slice(0, MOST_PORTS);
}

needs(...LAB)(`acl ranges, put to the kernel (FUZZ_SEED=${SEED})`, () => {
  let testbed: Testbed;
  const tally = { answered: 0, unanswered: 0 };

  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: ALL_PORTS, mirrors: ACLS + MIRRORS + PAIRS });
  });
  afterAll(() => testbed?.close());

  async function answered(probe: Omit<Probe, 'timeoutMs'>, timeoutMs: number): Promise<readonly boolean[]> {
    const results = await openConnections(testbed.host, [{ ...probe, timeoutMs }]);
    return results.map(({ outcome, error }) => {
      if (outcome === 'failed') throw new Error(`a connection could not even begin: ${error}`);
      return outcome === 'answered';
    });
  }

  /** Ports of which the kernel thinks otherwise than they say. */
  async function wrong(
    probe: Pick<Probe, 'protocol' | 'to'>,
    ranges: PortSet,
    ports: readonly number[],
  ): Promise<readonly string[]> {
    const seen = await answered({ ...probe, sourcePorts: ports }, PATIENCE_MS);
    const silent = ports.filter((one, i) => hasPort(ranges, one) && !seen[i]);
    const late = silent.length === 0 ? [] : await answered({ ...probe, sourcePorts: silent }, AGAIN_MS);
    for (const one of ports) tally[hasPort(ranges, one) ? 'answered' : 'unanswered'] += 1;
    return [
      ...ports.filter((one, i) => !hasPort(ranges, one) && seen[i]).map((one) => `${one} was answered`),
      ...silent.filter((_, i) => !late[i]).map((one) => `${one} was not answered`),
    ];
  }

  test.each(Array.from({ length: ACLS }, (_, run) => run))(
    'a random ACL (%i) lets the answers to exactly those source ports in that it says',
    async (run) => {
      const { acl, text } = randomAcl(SEED + run, blocksAround(run));
      await raiseNftAcl(testbed.router, acl);
      await Promise.all(
        KINDS.map(async ({ family, protocol }) => {
          const host = mirrorAddress(run)[family];
          const peer = addressBlock(`${host}/${family === 'ipv4' ? 32 : 128}`);
          const services = [{ protocol: PROTOCOLS[protocol], port: ECHO_ADDRESS_PORT }];
          const own = { acl, subnet: 'subnet-1', blocks: [], resolvers: [] };
          const { ranges, unsure } = solve({ own, services, peers: [peer] });
          expect(unsure).toEqual([]);
          const ports = portsToTry(ranges, acl, run);
          const differences = await wrong({ protocol, to: { host, port: ECHO_ADDRESS_PORT } }, ranges, ports);
          expect(differences, `${family} ${protocol} to ${host}: ${portsText(ranges)}\n${text}`).toEqual([]);
        }),
      );
    },
    90_000,
  );

  test.each(FAMILIES)(
    'the command tells apart the peers that the kernel tells apart (%s)',
    async (family) => {
      const { acl, text } = randomAcl(SEED + ACLS, BLOCKS_AMONG_MIRRORS);
      await raiseNftAcl(testbed.router, acl);
      const whole = family === 'ipv4' ? '203.0.113.0/24' : 'fd00:2::/64';
      const argv = [
        'acl',
        'ranges',
        '--file',
        '-',
        '--peer',
        whole,
        '--service',
        `${ECHO_ADDRESS_PORT}/tcp`,
        '--split',
        '--json',
      ];
      const { stdout, stderr } = await run([...COMMAND, ...argv], { input: text });
      const answer = JSON.parse(stdout || `"${stderr}"`) as Answer;
      const parts = answer.split.flatMap((one) => one.parts);
      expect(parts.length).toBeGreaterThan(0);
      const safeForAll = parsePorts(answer.ranges.join(','));
      await Promise.all(
        Array.from({ length: MIRRORS }, async (_, i) => {
          const host = mirrorAddress(ACLS + i)[family];
          const part = parts.find(({ blocks }) => blocks.some((block) => blockHas(block, host)));
          const ranges = parsePorts(part?.ranges.join(',') ?? '');
          expect(subtract(safeForAll, ranges)).toEqual([]);
          const ports = portsToTry(ranges, acl, i).slice(0, MOST_PORTS_A_MIRROR);
          const differences = await wrong({ protocol: 'tcp', to: { host, port: ECHO_ADDRESS_PORT } }, ranges, ports);
          expect(differences, `${host}: ${portsText(ranges)}\n${text}`).toEqual([]);
        }),
      );
    },
    90_000,
  );

  test.each(Array.from({ length: PAIRS }, (_, run) => run))(
    'two random ACLs (%i), ours and the peer’s, let in what both let pass',
    async (run) => {
      const mirror = ACLS + MIRRORS + run;
      const ours = randomAcl(SEED - run, blocksAround(mirror));
      const theirs = randomAcl(SEED + 1000 + run, BLOCKS_AROUND_HOST);
      const acls = { host: ours.acl, peer: turnedRound(theirs.acl) };
      await raiseNftAcl(testbed.router, acls.host, 'host');
      await raiseNftAcl(testbed.router, acls.peer, 'peer');
      await Promise.all(
        KINDS.map(async ({ family, protocol }) => {
          const host = mirrorAddress(mirror)[family];
          const { ranges } = solve({
            own: { acl: acls.host, subnet: 'ours', blocks: [`${HOST.ipv4}/32`, `${HOST.ipv6}/128`], resolvers: [] },
            peer: { acl: acls.peer, subnet: 'theirs', blocks: [], resolvers: [] },
            services: [{ protocol: PROTOCOLS[protocol], port: ECHO_ADDRESS_PORT }],
            peers: [addressBlock(`${host}/${family === 'ipv4' ? 32 : 128}`)],
          });
          const ports = portsToTry(ranges, acls.host, run).slice(0, MOST_PORTS_A_MIRROR);
          const more = portsToTry(ranges, acls.peer, run).slice(0, MOST_PORTS_A_MIRROR);
          const all = [...new Set([...ports, ...more])];
          const differences = await wrong({ protocol, to: { host, port: ECHO_ADDRESS_PORT } }, ranges, all);
          const words = `${family} ${protocol}: ${portsText(ranges)}\n${ours.text}\nturned round:\n${theirs.text}`;
          expect(differences, words).toEqual([]);
        }),
      );
    },
    90_000,
  );

  test('many ports were of each kind', () => {
    console.log(`acl: seed ${SEED}, ${ACLS} ACLs, ${JSON.stringify(tally)}`);
    expect(tally.answered).toBeGreaterThan(100);
    expect(tally.unanswered).toBeGreaterThan(100);
  });
});
