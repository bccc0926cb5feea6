import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addressBlock } from '../../src/acl/address-block.ts';
import type { AclEntry, NetworkAcl, ProtocolMatch } from '../../src/acl/model.ts';
import { readAclFiles } from '../../src/acl/readers/read.ts';
import { solve } from '../../src/acl/solve.ts';
import { openConnections, type Probe } from '../../src/lab/connections.ts';
import { TELL_PORT } from '../../src/lab/peer-servers.ts';
import { mirrorAddress } from '../../src/lab/topology.ts';
import { buildWorld, type World } from '../../src/lab/world.ts';
import {
  ALL_PORTS,
  FAMILIES,
  type Family,
  HIGHEST_PORT,
  hasPort,
  type PortSet,
  portSet,
  portsText,
} from '../../src/ports.ts';
import { asTable } from '../acl/acl-writers.ts';
import { LAB, needs } from '../support/needs.ts';
import { raiseNftAcl } from '../support/nft-acl.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_124);
const ACLS = 8;
const RANDOM_PORTS = 16;
const MOST_PORTS = 120;
const PATIENCE_MS = 2500;
/** What should have been answered is asked again before it counts: the machine may be slow, an ACL never is. */
const AGAIN_MS = 15_000;

const PROTOCOLS = { tcp: 6, udp: 17 } as const;
const KINDS = FAMILIES.flatMap((family) => (['tcp', 'udp'] as const).map((protocol) => ({ family, protocol })));

const port = fc.oneof(
  fc.integer({ min: 0, max: HIGHEST_PORT }),
  fc.constantFrom(
    0,
    1,
    1023,
    1024,
    TELL_PORT - 1,
    TELL_PORT,
    TELL_PORT + 1,
    32_768,
    49_152,
    60_999,
    61_000,
    HIGHEST_PORT,
  ),
);
const range = fc.tuple(port, port).map(([a, b]) => portSet({ from: Math.min(a, b), to: Math.max(a, b) }));

/** Blocks that hold the peer of this run, hold some of its neighbours, or have nothing to do with it. */
const blocksAround = (run: number): Readonly<Record<Family, readonly string[]>> => {
  const { ipv4, ipv6 } = mirrorAddress(run);
  return {
    ipv4: ['0.0.0.0/0', '0.0.0.0/0', '203.0.113.0/24', `${ipv4}/32`, '128.0.0.0/1', '198.51.100.0/24'],
    ipv6: ['::/0', '::/0', 'fd00:2::/64', `${ipv6}/128`, '8000::/1', '2001:db8::/32'],
  };
};

const anyEntry = (run: number): fc.Arbitrary<AclEntry> =>
  fc
    .record({
      direction: fc.constantFrom('inbound' as const, 'inbound' as const, 'outbound' as const),
      number: fc.integer({ min: 1, max: 30_000 }),
      allow: fc.boolean(),
      family: fc.constantFrom(...FAMILIES),
      block: fc.nat(5),
      protocol: fc.constantFrom<ProtocolMatch>(6, 6, 17, 17, 'all', 132),
      ports: range,
    })
    .map(({ block, ...entry }) => ({
      ...entry,
      remote: blocksAround(run)[entry.family][block] ?? '0.0.0.0/0',
      ports: entry.protocol === 6 || entry.protocol === 17 ? entry.ports : ALL_PORTS,
      icmp: { type: 'any', code: 'any' },
      place: { file: '', path: '' },
    }));

/** Requests usually get out, and some answers in, whatever the other entries say. */
const LAST: readonly Omit<AclEntry, 'place'>[] = FAMILIES.flatMap((family) => {
  const all = { family, remote: family === 'ipv4' ? '0.0.0.0/0' : '::/0', icmp: { type: 'any', code: 'any' } } as const;
  return [
    { ...all, direction: 'outbound', number: 31_000, allow: true, protocol: 'all', ports: ALL_PORTS },
    {
      ...all,
      direction: 'inbound',
      number: 31_000,
      allow: true,
      protocol: 6,
      ports: portSet({ from: 49_152, to: 61_000 }),
    },
    {
      ...all,
      direction: 'inbound',
      number: 31_001,
      allow: true,
      protocol: 17,
      ports: portSet({ from: 1024, to: 40_000 }),
    },
  ];
});

function randomAcl(run: number): { acl: NetworkAcl; text: string } {
  const entries = fc.uniqueArray(anyEntry(run), {
    minLength: 3,
    maxLength: 12,
    selector: ({ direction, number }) => `${direction} ${number}`,
  });
  const [sample = []] = fc.sample(entries, { seed: SEED + run, numRuns: 1 });
  const text = asTable({ entries: [...sample, ...LAST.map((entry) => ({ ...entry, place: { file: '', path: '' } }))] });
  const [acl] = readAclFiles([{ name: `acl ${run}`, text }]).acls;
  if (acl === undefined) throw new TypeError('the sample has no ACL');
  return { acl, text };
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
  let world: World;
  const tally = { answered: 0, unanswered: 0 };

  beforeAll(async () => {
    world = await buildWorld({ allowed: ALL_PORTS, mirrors: ACLS });
  });
  afterAll(() => world?.close());

  async function answered(probe: Omit<Probe, 'timeoutMs'>, timeoutMs: number): Promise<readonly boolean[]> {
    const results = await openConnections(world.host, [{ ...probe, timeoutMs }]);
    return results.map(({ outcome, error }) => {
      if (outcome === 'failed') throw new Error(`a connection could not even begin: ${error}`);
      return outcome === 'answered';
    });
  }

  test.each(Array.from({ length: ACLS }, (_, run) => run))(
    'a random ACL (%i) lets the answers to exactly those source ports in that it says',
    async (run) => {
      const { acl, text } = randomAcl(run);
      await raiseNftAcl(world.router, acl);
      await Promise.all(
        KINDS.map(async ({ family, protocol }) => {
          const host = mirrorAddress(run)[family];
          const peer = addressBlock(`${host}/${family === 'ipv4' ? 32 : 128}`);
          const services = [{ protocol: PROTOCOLS[protocol], port: TELL_PORT }];
          const own = { acl, subnet: 'subnet-1', blocks: [], resolvers: [] };
          const { ranges, unsure } = solve({ own, services, peers: [peer] });
          expect(unsure).toEqual([]);
          const ports = portsToTry(ranges, acl, run);
          const probe = { protocol, to: { host, port: TELL_PORT } };
          const seen = await answered({ ...probe, sourcePorts: ports }, PATIENCE_MS);
          const silent = ports.filter((one, i) => hasPort(ranges, one) && !seen[i]);
          const late = silent.length === 0 ? [] : await answered({ ...probe, sourcePorts: silent }, AGAIN_MS);
          const wrong = [
            ...ports.filter((one, i) => !hasPort(ranges, one) && seen[i]).map((one) => `${one} was answered`),
            ...silent.filter((_, i) => !late[i]).map((one) => `${one} was not answered`),
          ];
          expect(wrong, `${family} ${protocol} to ${host}: ${portsText(ranges)}\n${text}`).toEqual([]);
          for (const one of ports) tally[hasPort(ranges, one) ? 'answered' : 'unanswered'] += 1;
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
