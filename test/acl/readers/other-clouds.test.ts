import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { addressBlock } from '../../../src/acl/address-block.ts';
import { findSide } from '../../../src/acl/find-side.ts';
import { readAclFiles } from '../../../src/acl/readers/read.ts';
import { readService } from '../../../src/acl/services.ts';
import { solve } from '../../../src/acl/solve.ts';
import { portsText } from '../../../src/ports.ts';

/** The ports that pass for one service at one peer, by a fixture or a text. */
function ports(name: string, service: string, peer: string, text?: string): string {
  const fixture = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
  const inventory = readAclFiles([{ name, text: text ?? readFileSync(fixture, 'utf8') }]);
  const { side } = findSide(inventory, {});
  const asked = readService(service);
  if (!asked) throw new TypeError(service);
  return portsText(solve({ own: side, services: [asked], peers: [addressBlock(peer)] }).ranges);
}

describe('a security list of Oracle Cloud', () => {
  const list = (service: string, peer: string) => ports('oci-security-list.json', service, peer);

  test('asks about the source port of answers', () => {
    expect(list('443/tcp', '0.0.0.0/0')).toBe('32768-60999');
    expect(list('80/tcp', '0.0.0.0/0')).toBe('');
  });

  test('lets the answers of a stateful rule in by itself', () => {
    expect(list('5432/tcp', '10.9.0.0/16')).toBe('0-65535');
    expect(list('5432/tcp', '10.8.0.0/16')).toBe('');
  });

  test('is the same in the spelling of the API', () => {
    const text = readFileSync(fileURLToPath(new URL('../fixtures/oci-security-list.json', import.meta.url)), 'utf8');
    const camel = text.replace(/"[a-z-]+":/g, (key) => key.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase()));
    expect(camel).toContain('isStateless');
    expect(ports('list.json', '443/tcp', '0.0.0.0/0', camel)).toBe('32768-60999');
  });

  test('can be rules of a network security group', () => {
    const rule = {
      'is-stateless': true,
      protocol: 'all',
      'source-type': 'CIDR_BLOCK',
      'destination-type': 'CIDR_BLOCK',
    };
    const data = [
      { ...rule, direction: 'EGRESS', destination: '0.0.0.0/0' },
      {
        ...rule,
        direction: 'INGRESS',
        source: '0.0.0.0/0',
        protocol: '6',
        'tcp-options': { 'destination-port-range': { min: 4000, max: 5000 } },
      },
    ];
    expect(ports('nsg.json', '443/tcp', '0.0.0.0/0', JSON.stringify({ data }))).toBe('4000-5000');
  });

  test('gives a subnet the rules of all of its lists', () => {
    const rule = { 'is-stateless': true, protocol: '6' };
    const list = (id: string, min: number) => ({
      ...{ id, 'egress-security-rules': [{ ...rule, destination: '0.0.0.0/0' }] },
      'ingress-security-rules': [
        { ...rule, source: '0.0.0.0/0', 'tcp-options': { 'destination-port-range': { min, max: min + 9 } } },
      ],
    });
    const subnet = { id: 'subnet', 'vcn-id': 'vcn', 'cidr-block': '10.0.0.0/24', 'security-list-ids': ['a', 'b'] };
    const files = [{ data: [list('a', 1000), list('b', 2000)] }, { data: [subnet] }].map((one) => JSON.stringify(one));
    const inventory = readAclFiles([{ name: 'both', text: files.join('\n') }]);
    const { side } = findSide(inventory, { subnet: 'subnet' });
    const { ranges } = solve({
      own: side,
      services: [{ protocol: 6, port: 443 }],
      peers: [addressBlock('192.0.2.0/24')],
    });
    expect(portsText(ranges)).toBe('1000-1009,2000-2009');
  });
});

describe("the firewall of one of Hetzner's servers", () => {
  const firewall = (service: string, peer: string) => ports('hetzner-robot.json', service, peer);

  test('lets answers in that bear the flag ack', () => {
    expect(firewall('443/tcp', '0.0.0.0/0')).toBe('32768-65535');
  });

  test('asks about the source port of answers over UDP', () => {
    expect(firewall('53/udp', '192.0.2.53/32')).toBe('0-65535');
    expect(firewall('123/udp', '192.0.2.53/32')).toBe('');
  });

  test('leaves IPv6 alone where it does not filter it', () => {
    expect(firewall('443/tcp', '2001:db8::/32')).toBe('0-65535');
  });
});

test('a network ACL of Alibaba Cloud is met in the order of its list', () => {
  expect(ports('alibaba-acl.json', '443/tcp', '0.0.0.0/0')).toBe('1024-49999,51000-65535');
  expect(ports('alibaba-acl.json', '443/tcp', '203.0.113.0/24')).toBe('1024-65535');
});

test.each([
  ['Azure', { name: 'nsg', securityRules: [], defaultSecurityRules: [] }],
  ['Azure', [{ destinationPortRange: '443', priority: 100, direction: 'Inbound' }]],
  ['Google Cloud', [{ kind: 'compute#firewall', sourceRanges: ['0.0.0.0/0'], allowed: [] }]],
])('rules of %s keep state, and are refused with that', (cloud, document) => {
  const read = () => readAclFiles([{ name: 'rules', text: JSON.stringify(document) }]);
  expect(read).toThrow(cloud);
  expect(read).toThrow(/keep state and let answers in by themselves: no range is needed/);
});
