import { expect, test } from 'vitest';
import { compile } from '../../src/plan/compile.ts';
import { parseFlow } from '../../src/plan/flow-text.ts';
import { locate } from '../../src/plan/locate.ts';
import { walk } from '../../src/plan/walk.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';

test.each([
  [
    'tcp 172.18.0.5:40001 > 203.0.113.10:443',
    { protocol: 'tcp', source: '172.18.0.5', sourcePort: 40_001, destinationPort: 443 },
  ],
  ['UDP [fd00::5]:40001 -> [FD00:2::0010]:53', { protocol: 'udp', source: 'fd00::5', destination: 'fd00:2::10' }],
  ['tcp 10.9.9.9:40001 > 203.0.113.10:443 in br-lan out eth1', { arrived: 'br-lan', leaves: 'eth1' }],
  ['tcp 10.9.9.9:40001 > 203.0.113.10:443 mark 0x4000 in br-lan', { arrived: 'br-lan', mark: 0x4000 }],
  ['tcp 10.9.9.9:40001 > 203.0.113.10:443 mark 7', { mark: 7 }],
  ['tcp 10.9.9.9:40001 > 203.0.113.10:443 user 1000 group 4294967295', { user: 1000, group: 4_294_967_295 }],
])('reads %s', (text, parts) => {
  expect(parseFlow(text)).toMatchObject(parts);
});

test.each([
  ['', /is not a flow/],
  ['icmp 10.0.0.1:1 > 10.0.0.2:2', /'icmp' is no protocol/],
  ['tcp 10.0.0.1 > 10.0.0.2:2', /'10.0.0.1' is not an address with a port/],
  ['tcp 10.0.0.1:70000 > 10.0.0.2:2', /70000 is no port/],
  ['tcp 010.0.0.1:7 > 10.0.0.2:2', /010.0.0.1 is no address/],
  ['tcp 10.0.0.1:7 > [fd00::1]:2', /different address families/],
  ['tcp 10.0.0.1:7 > 10.0.0.2:2 via eth0', /is not a flow/],
  ['tcp 10.0.0.1:7 > 10.0.0.2:2 mark 0x1ffffffff', /'0x1ffffffff' is no mark/],
  ['tcp 10.0.0.1:7 > 10.0.0.2:2 mark 4294967296', /'4294967296' is no mark/],
  ['tcp 10.0.0.1:7 > 10.0.0.2:2 user nobody', /'nobody' is no number of a user/],
])('refuses %s with a sentence and an example', (text, words) => {
  expect(() => parseFlow(text)).toThrow(words);
  try {
    parseFlow(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'FLOW', hint: expect.stringContaining('tcp 172.18.0.5:40001') });
  }
});

test('a walk names the rule that decides', () => {
  const facts = {
    ...sampleFacts,
    links: [
      ...sampleFacts.links,
      { name: 'br-0123456789ab', kind: 'bridge', master: undefined, addresses: ['172.18.0.1/16'] },
      { name: 'virbr0', kind: 'bridge', master: undefined, addresses: ['192.168.122.1/24'] },
    ],
    published: [{ address: '172.18.0.9', protocol: 'udp', port: 5060 } as const],
  };
  const plan = compile({ ...samplePolicy, exempt: { destinations: ['10.0.0.0/8'], sourcePorts: [] } }, facts);
  const decided = (text: string) => {
    const packet = locate(parseFlow(text), facts, plan);
    return packet ? walk(plan, packet).fate.step?.id : undefined;
  };
  expect(decided('tcp 172.18.0.5:40001 > 203.0.113.10:443')).toBe('keep-map');
  expect(decided('tcp 172.18.0.5:443 > 203.0.113.10:443')).toBe('containers-privileged');
  expect(decided('udp 172.18.0.9:5060 > 203.0.113.10:443')).toBe('published-ipv4');
  expect(decided('tcp 172.18.0.9:5060 > 203.0.113.10:443')).toBe('keep-map');
  expect(decided('tcp 172.18.0.5:40001 > 172.18.0.6:443')).toBe('not-uplink');
  expect(decided('tcp 172.18.0.5:40001 > 10.7.7.7:443')).toBe('exempt-ipv4');
  expect(decided('tcp 10.0.1.10:40001 > 203.0.113.10:443')).toBe('host-map');
  expect(decided('tcp 10.0.1.10:20001 > 203.0.113.10:443')).toBe('host-bound');
  expect(decided('tcp 10.0.1.10:40001 > 127.0.0.1:443')).toBe('not-uplink');
  expect(decided('udp 10.0.1.10:40001 > 224.0.0.251:5353')).toBe('many-receivers');
  expect(decided('tcp 192.168.122.7:40001 > 203.0.113.10:443')).toBe('forwarded-left');
  expect(decided('tcp 198.51.100.7:40001 > 203.0.113.10:443')).toBeUndefined();
  expect(decided('tcp 198.51.100.7:40001 > 203.0.113.10:443 in wg0')).toBe('forwarded-left');
});
