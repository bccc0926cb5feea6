import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressBlock } from '../../src/acl/address-block.ts';
import type { NetworkAcl, Side } from '../../src/acl/model.ts';
import { solve } from '../../src/acl/solve.ts';
import { partsOf } from '../../src/acl/split.ts';
import { FAMILIES, type Family, hasPort, intersect, NO_PORTS, type PortSet, portCount } from '../../src/ports.ts';
import { completions, passes } from './brute-force.ts';
import { ADDRESSES, anyAcl, BLOCKS, PEERS } from './random-acl.ts';

const HTTPS = { protocol: 6, port: 443 };
const SERVICES = [HTTPS, { protocol: 6, port: 53 }, { protocol: 17, port: 53 }];
const OWN: Readonly<Record<Family, readonly string[]>> = {
  ipv4: ['10.0.0.0', '10.0.0.1'],
  ipv6: ['fd00::', 'fd00::1'],
};
const side = (acl: NetworkAcl, blocks: readonly string[] = []): Side => ({
  acl,
  subnet: undefined,
  blocks,
  resolvers: [],
});
const oneFamily = (options: Parameters<typeof anyAcl>[1] = {}, count = 1) =>
  fc
    .constantFrom(...FAMILIES)
    .chain((family) =>
      fc.tuple(
        fc.constant(family),
        anyAcl('acl-1', { ...options, families: [family] }),
        ...(count > 1 ? [anyAcl('acl-2', { ...options, families: [family] })] : []),
      ),
    );
const service = fc.constantFrom(...SERVICES);

/** Every port for itself: the slow truth. */
const portsWhere = (safe: (port: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 65_536 }, (_, port) => (safe(port) ? 1 : 0));
const table = (set: PortSet): Uint8Array => {
  const all = new Uint8Array(65_536);
  for (const { from, to } of set) all.fill(1, from, to + 1);
  return all;
};
const same = (set: PortSet, truth: Uint8Array): void => expect(Buffer.compare(table(set), truth)).toBe(0);

test('the safe ports are those whose request and answer pass for every address, port by port', () => {
  fc.assert(
    fc.property(oneFamily(), service, ([family, acl], service) => {
      const { protocol } = service;
      const { ranges, unsure } = solve({ own: side(acl), services: [service], peers: [addressBlock(PEERS[family])] });
      expect(unsure).toEqual(NO_PORTS);
      const truth = portsWhere((port) =>
        ADDRESSES[family].every(
          (remote) =>
            passes(acl, { direction: 'outbound', remote, protocol, port: service.port }) &&
            passes(acl, { direction: 'inbound', remote, protocol, port }),
        ),
      );
      same(ranges, truth);
    }),
    { numRuns: 30 },
  );
}, 120_000);

test('with the peer’s ACL the request and the answer pass all four checks', () => {
  fc.assert(
    fc.property(oneFamily({ entries: 8 }, 2), service, ([family, acl, other = acl], service) => {
      const { protocol } = service;
      const far = BLOCKS[family][6] ?? '';
      const peers = [addressBlock(far)];
      const remote = far.split('/')[0] ?? '';
      const own = side(acl, [BLOCKS[family][2] ?? '']);
      const { ranges } = solve({ own, peer: side(other), services: [service], peers });
      const truth = portsWhere(
        (port) =>
          passes(acl, { direction: 'outbound', remote, protocol, port: service.port }) &&
          passes(acl, { direction: 'inbound', remote, protocol, port }) &&
          OWN[family].every(
            (ours) =>
              passes(other, { direction: 'inbound', remote: ours, protocol, port: service.port }) &&
              passes(other, { direction: 'outbound', remote: ours, protocol, port }),
          ),
      );
      same(ranges, truth);
    }),
    { numRuns: 30 },
  );
}, 120_000);

const INTERESTING = [0, 1, 52, 53, 54, 442, 443, 444, 1023, 1024, 32_767, 32_768, 49_151, 49_152, 65_534, 65_535];

test('what could not be judged makes a port unsure exactly where it matters', () => {
  fc.assert(
    fc.property(oneFamily({ entries: 6, doubts: 2 }), service, ([family, acl], service) => {
      const { protocol } = service;
      const remote = ADDRESSES[family][1] ?? '';
      const peers = [addressBlock(`${remote}/${family === 'ipv4' ? 32 : 128}`)];
      const { ranges, unsure } = solve({ own: side(acl), services: [service], peers });
      const possible = completions(acl);
      const exact = acl.entries.every(({ direction }) => typeof direction === 'string');
      for (const port of INTERESTING) {
        const outcomes = new Set(
          possible.map(
            (one) =>
              passes(one, { direction: 'outbound', remote, protocol, port: service.port }) &&
              passes(one, { direction: 'inbound', remote, protocol, port }),
          ),
        );
        const found = hasPort(ranges, port) ? 'pass' : hasPort(unsure, port) ? 'unsure' : 'drop';
        const truth = outcomes.size === 2 ? 'unsure' : outcomes.has(true) ? 'pass' : 'drop';
        // One entry can't stand in both directions; where its direction is unknown, both are feared at once.
        if (exact || found !== 'unsure') expect({ port, found }).toEqual({ port, found: truth });
      }
    }),
    { numRuns: 300 },
  );
}, 120_000);

test('the parts of a peer are the whole peer, each with the answer of every address in it', () => {
  fc.assert(
    fc.property(oneFamily({ doubts: 1 }), ([family, acl]) => {
      const question = { own: side(acl), services: SERVICES, peers: [addressBlock(PEERS[family])] };
      const parts = partsOf(question, addressBlock(PEERS[family]));
      const seen = parts.flatMap(({ blocks, ranges, unsure }) =>
        ADDRESSES[family].flatMap((address) => {
          const one = addressBlock(`${address}/${family === 'ipv4' ? 32 : 128}`);
          const holds = blocks.map(addressBlock).some(({ from, to }) => from <= one.from && one.to <= to);
          if (!holds) return [];
          const { ranges: own, unsure: doubts } = solve({ ...question, peers: [one] });
          expect({ ranges, unsure }).toEqual({ ranges: own, unsure: doubts });
          return [address];
        }),
      );
      expect(seen.sort()).toEqual([...ADDRESSES[family]].sort());
      expect(new Set(parts.map(({ ranges, unsure }) => JSON.stringify([ranges, unsure]))).size).toBe(parts.length);
    }),
    { numRuns: 100 },
  );
});

test('several services and peers get what all of them leave, and each is told what it costs', () => {
  fc.assert(
    fc.property(anyAcl('acl-1', { entries: 20 }), (acl) => {
      const peers = [PEERS.ipv4, '10.0.0.2/31', '198.51.100.1/32', '203.0.113.0/24', PEERS.ipv6].map(addressBlock);
      const question = { own: side(acl), services: SERVICES, peers };
      const whole = solve(question);
      expect(whole.ways).toHaveLength(15);
      const apart = whole.ways.map(({ service, peer }) => solve({ ...question, services: [service], peers: [peer] }));
      const all = (sets: readonly PortSet[]) => sets.reduce(intersect, [{ from: 0, to: 65_535 }]);
      expect(whole.ranges).toEqual(all(apart.map(({ ranges }) => ranges)));
      for (const [i, way] of whole.ways.entries()) {
        expect(way.ranges).toEqual(apart[i]?.ranges);
        const others = all(apart.filter((_, j) => j !== i).map(({ ranges }) => ranges));
        expect(way.lost).toBe(portCount(others) - portCount(whole.ranges));
      }
    }),
    { numRuns: 60 },
  );
});
