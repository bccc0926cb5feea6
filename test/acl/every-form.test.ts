import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressBlock } from '../../src/acl/address-block.ts';
import { findSide } from '../../src/acl/find-side.ts';
import { readAclFiles } from '../../src/acl/readers/read.ts';
import { solve } from '../../src/acl/solve.ts';
import { hasPort } from '../../src/ports.ts';
import { FORMS } from './acl-forms.ts';
import { anySampleAcl } from './arbitrary-acl.ts';
import { passes } from './brute-force.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_125);
const PEERS = ['10.0.1.7/32', '203.0.113.10/32', '192.0.2.1/32', '2001:db8::9/128', 'fd00:2::10/128'];
const PORTS = [0, 1, 442, 443, 444, 1022, 1023, 1024, 32_767, 32_768, 49_151, 49_152, 61_000, 61_001, 65_534, 65_535];

test.each(Object.entries(FORMS))(`%s gives the answer of the guide, port by port (FUZZ_SEED=${SEED})`, (_, write) => {
  fc.assert(
    fc.property(anySampleAcl, fc.constantFrom(...PEERS), fc.constantFrom(6, 17), (sample, cidr, protocol) => {
      const inventory = readAclFiles([{ name: 'acl', text: write(sample) }]);
      const { acl } = findSide(inventory, {}).side;
      const side = { acl, subnet: undefined, blocks: [], resolvers: [] };
      const answer = solve({ own: side, services: [{ protocol, port: 443 }], peers: [addressBlock(cidr)] });
      const remote = cidr.split('/')[0] ?? '';
      const plain = { ...acl, entries: sample.entries };
      const sent = { remote, protocol };
      const edges = sample.entries.flatMap(({ ports }) =>
        Array.isArray(ports) ? ports.flatMap(({ from, to }) => [from - 1, from, to, to + 1]) : [],
      );
      expect(inventory.unjudged).toEqual([]);
      expect(answer.unsure).toEqual([]);
      for (const port of [...PORTS, ...edges].filter((one) => one >= 0 && one <= 65_535)) {
        const expected =
          passes(plain, { ...sent, direction: 'outbound', port: 443 }) &&
          passes(plain, { ...sent, direction: 'inbound', port });
        expect([port, hasPort(answer.ranges, port)]).toEqual([port, expected]);
      }
    }),
    { seed: SEED, numRuns: 60 },
  );
});
