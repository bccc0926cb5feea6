import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressBlock } from '../../src/acl/address-block.ts';
import { type Fix, fixFor } from '../../src/acl/fix.ts';
import type { AclEntry, Direction, NetworkAcl } from '../../src/acl/model.ts';
import { solve } from '../../src/acl/solve.ts';
import { FAMILIES, hasPort, type PortSet, portSet } from '../../src/ports.ts';
import { passes } from './brute-force.ts';
import { ADDRESSES, anyAcl, BLOCKS, PEERS } from './random-acl.ts';
import { ANYWHERE, acl, DNS, entry, HTTPS, side, webAcl } from './sample-acl.ts';

const wanted = fc.constantFrom<PortSet>(
  [{ from: 49_152, to: 61_000 }],
  [{ from: 1024, to: 65_535 }],
  [
    { from: 20_000, to: 29_999 },
    { from: 50_000, to: 50_099 },
  ],
);

const SAMPLED = [53, 443, 1024, 20_000, 29_999, 30_000, 49_151, 49_152, 61_000, 61_001, 65_535].concat(
  Array.from({ length: 300 }, (_, i) => i * 217),
);

/** The ACL with what the fix would make. */
function mended(acl: NetworkAcl, { entries }: Fix): NetworkAcl {
  const made = entries
    .filter((one) => one.acl.id === acl.id)
    .map(
      ({ range, ...one }): AclEntry => ({
        ...{ direction: one.direction, number: one.number, family: one.family, remote: one.remote },
        ...{ allow: true, protocol: one.protocol, ports: portSet(range), icmp: { type: 'any', code: 'any' } },
        place: acl.place,
      }),
    );
  const key = ({ direction, number }: AclEntry) => `${JSON.stringify(direction)} ${JSON.stringify(number)}`;
  expect(new Set(made.map(key)).size).toBe(made.length);
  expect(made.filter((one) => acl.entries.some((old) => key(old) === key(one)))).toEqual([]);
  return { ...acl, entries: [...acl.entries, ...made] };
}

test('after a fix every port in use passes, request and answer, and no port is opened that nobody uses', () => {
  let fixed = 0;
  fc.assert(
    fc.property(fc.constantFrom(...FAMILIES), anyAcl('acl-1'), wanted, (family, acl, ports) => {
      const question = { own: side(acl), services: [HTTPS, DNS], peers: [addressBlock(PEERS[family])] };
      const fix = fixFor(question, () => ports);
      if (fix.stuck !== undefined) {
        expect(fix.stuck).toMatch(/^no (?:in|out)bound number is free before/);
        return;
      }
      fixed += 1;
      const after = mended(acl, fix);
      const passing = (one: NetworkAcl, direction: Direction, protocol: number, port: number) =>
        ADDRESSES[family].filter((remote) => passes(one, { direction, remote, protocol, port })).length;
      const wrong = SAMPLED.filter((port) =>
        [HTTPS, DNS].some(({ protocol, port: service }) => {
          const all = ADDRESSES[family].length;
          const answered =
            passing(after, 'inbound', protocol, port) === all && passing(after, 'outbound', protocol, service) === all;
          const answers = passing(after, 'inbound', protocol, port) === passing(acl, 'inbound', protocol, port);
          const requests =
            port === service || passing(after, 'outbound', protocol, port) === passing(acl, 'outbound', protocol, port);
          return (hasPort(ports, port) ? !answered : !answers) || !requests;
        }),
      );
      expect(wrong).toEqual([]);
    }),
    { numRuns: 40 },
  );
  expect(fixed).toBeGreaterThan(10);
});

test('a fix of entries that could not be judged is sure, or says why there is none', () => {
  let fixed = 0;
  fc.assert(
    fc.property(
      anyAcl('acl-1', { doubts: 2, families: ['ipv4'] }),
      anyAcl('acl-2', { families: ['ipv4'] }),
      (acl, other) => {
        const far = addressBlock(BLOCKS.ipv4[6] ?? '');
        const own = side(acl, { blocks: [BLOCKS.ipv4[2] ?? ''] });
        const question = { own, peer: side(other), services: [HTTPS], peers: [far] };
        const fix = fixFor(question, () => [{ from: 49_152, to: 61_000 }]);
        if (fix.stuck !== undefined) expect(fix.stuck).toMatch(/is free before|could not be judged/);
        else {
          fixed += 1;
          const after = { ...question, own: { ...own, acl: mended(acl, fix) }, peer: side(mended(other, fix)) };
          expect(solve(after).ranges.some(({ from, to }) => from <= 49_152 && to >= 61_000)).toBe(true);
        }
      },
    ),
    { numRuns: 200 },
  );
  expect(fixed).toBeGreaterThan(20);
});

test('an entry opens what lacks and no more, at the number before the one that denies', () => {
  const deny = entry({
    direction: 'inbound',
    number: 90,
    allow: false,
    remote: '203.0.113.0/24',
    ports: [{ from: 50_000, to: 50_999 }],
  });
  const question = { own: side(acl('acl-1', [...webAcl.entries, deny])), services: [HTTPS], peers: [ANYWHERE] };
  const { entries } = fixFor(question, () => [{ from: 49_000, to: 60_000 }]);
  expect(entries.map(({ direction, number, range, remote }) => [direction, number, range, remote])).toEqual([
    ['inbound', 89, { from: 49_000, to: 50_999 }, '0.0.0.0/0'],
  ]);
  const [only, second] = fixFor(question, () => [{ from: 49_152, to: 60_000 }]).entries;
  expect([only?.number, only?.range, only?.remote, second]).toEqual([
    89,
    { from: 50_000, to: 50_999 },
    '203.0.113.0/24',
    undefined,
  ]);
});

test('what fits needs nothing, and where no number is free before the denial that is said', () => {
  const question = { own: side(webAcl), services: [HTTPS], peers: [ANYWHERE] };
  expect(fixFor(question, () => [{ from: 50_000, to: 60_000 }])).toMatchObject({ entries: [], stuck: undefined });
  const deny = entry({ direction: 'inbound', number: 1, allow: false });
  const stuck = fixFor({ ...question, own: side(acl('acl-1', [deny])) }, () => [{ from: 50_000, to: 60_000 }]);
  expect(stuck.stuck).toBe('no inbound number is free before 1 in acl-1: renumber its entries first');
  expect(stuck.entries).toEqual([]);
});
