import { expect, test } from 'vitest';
import { readService, serviceText } from '../../src/acl/services.ts';
import { deciderText, doubtsOf, entryText } from '../../src/acl/words.ts';
import { entry, webAcl } from './sample-acl.ts';

test('an entry reads as one sentence', () => {
  const inbound = { direction: 'inbound', number: 100 } as const;
  expect(entryText(entry({ ...inbound, ports: [{ from: 49_152, to: 61_000 }] }))).toBe(
    'allow tcp 49152-61000 from 0.0.0.0/0',
  );
  expect(entryText(entry({ direction: 'outbound', number: 1, protocol: 'all', allow: false }))).toBe(
    'deny all traffic to 0.0.0.0/0',
  );
  expect(entryText(entry({ ...inbound, protocol: 1, icmp: { type: 3, code: 4 } }))).toBe(
    'allow icmp type 3 code 4 from 0.0.0.0/0',
  );
  const doubtful = entry({ ...inbound, remote: { unknown: 'known after apply' }, allow: { unknown: 'Fn::If\u202e' } });
  expect(entryText(doubtful)).toBe('? tcp from ?');
  expect(doubtsOf(doubtful)).toEqual(['allow: Fn::If?', 'remote: known after apply']);
});

test('what decides is named with direction, number and ACL; the implicit denial as AWS numbers it, and by none elsewhere', () => {
  const where = { acl: webAcl, direction: 'inbound', family: 'ipv6' } as const;
  expect(deciderText({ kind: 'implicit', ...where }, { withAcl: true })).toBe(
    'inbound 32768 of acl-web: deny what no entry matches',
  );
  const table = { ...where, acl: { ...webAcl, exempts: 'none' } } as const;
  expect(deciderText({ kind: 'implicit', ...table })).toBe('inbound: deny what no entry matches');
  expect(deciderText({ kind: 'implicit', ...table }, { withAcl: true })).toBe(
    'inbound of acl-web: deny what no entry matches',
  );
});

test('a service is a port and a protocol', () => {
  expect(
    ['443/tcp', ' 53/UDP ', '3868/sctp'].map((text) => serviceText(readService(text) ?? { protocol: 0, port: 0 })),
  ).toEqual(['443/tcp', '53/udp', '3868/sctp']);
  for (const text of ['443', 'tcp/443', '0/tcp', '65536/tcp', '1-2/tcp', '443/icmp', ''])
    expect(readService(text)).toBeUndefined();
});
