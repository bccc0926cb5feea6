import { expect, test } from 'vitest';
import type { AddressRow } from '../../src/plan/address-table.ts';
import { anonymizer } from '../../src/report/anonymous.ts';
import { hostReport } from '../../src/report/host-report.ts';
import { flowState } from '../flows/states.ts';

const { report } = flowState(3);
const flows = {
  ...report,
  containers: report.containers.map((one) => ({ ...one, name: '<script>alert(1)</script>', group: 'shop/web' })),
};
const MASQUERADED: AddressRow = {
  ...({ origin: 'containers', from: 'docker0', family: 'ipv4', source: '172.17.0.2' } as const),
  ...{ destination: '192.0.2.1', uplink: 'eth0', before: '10.0.1.10', after: '10.0.1.10' },
  ...{ by: '-A POSTROUTING -j MASQUERADE', same: true },
};
const facts = {
  ...{ at: 0, host: 'node-7.example', versions: [['kernel', '6.1']] as const, flows, verified: undefined },
  status: {
    json: { uplinks: ['eth0'], address: '10.0.1.10' },
    text: ['ENFORCED on node-7.example', '10.0.1.10:443, [2001:db8::1]:53'],
  },
  ranges: [{ from: 49_152, to: 61_000 }],
  addresses: [MASQUERADED],
  doctor: { json: { findings: ['node-7.example'] }, text: ['serious: something on node-7.example (a-check)'] },
  acl: {
    ...{ json: { own: 'acl-0abc' }, text: ['FITS: acl-0abc at 10.0.1.10'], names: ['acl-0abc'] },
    svg: ['<svg><title>acl-0abc</title></svg>'],
  },
};

test('a report is one file: it loads nothing, runs nothing, and shows names as text', () => {
  const html = hostReport(facts, { anonymous: false }).html.join('\n');
  expect(html).not.toMatch(/<script|src=|href=|url\(|@import/);
  expect(html).toContain('&lt;script&gt;alert(1)');
  expect(html).toContain('node-7.example');
});

test('a report has the addresses, what the doctor found, and the ACL with its picture', () => {
  const { html, json } = hostReport(facts, { anonymous: false });
  const page = html.join('\n');
  expect(page).toMatch(/docker0 \(172\.17\.0\.2\).*10\.0\.1\.10/);
  expect(page).toContain('serious: something');
  expect(page).toContain('FITS: acl-0abc');
  expect(page).toContain('<svg><title>acl-0abc</title></svg>');
  expect(json).toMatchObject({ acl: { own: 'acl-0abc' }, addresses: facts.addresses, doctor: facts.doctor.json });
  const without = hostReport({ ...facts, acl: undefined }, { anonymous: false });
  expect(without.html.join('\n')).toContain('not asked: portfence report --acl FILE');
  expect(without.json).toMatchObject({ acl: null });
});

test('an anonymous report has no name and no address of the host, in either form', () => {
  const { json, html } = hostReport(facts, { anonymous: true });
  for (const text of [html.join('\n'), JSON.stringify(json)]) {
    expect(text).not.toMatch(/node-7|10\.0\.1\.10|203\.0\.0|172\.17|2001:db8|alert|shop|acl-0abc/);
    expect(text).toContain('address-1');
  }
});

test('the same name has the same stand-in everywhere, and ports stay', () => {
  const { text } = anonymizer(['web', 'web-2']);
  expect(text('web-2 at 10.0.0.1:443, then web at 10.0.0.1 and [2001:db8::1]:53.')).toBe(
    'name-1 at address-1:443, then name-2 at address-1 and [address-2]:53.',
  );
  expect(text('127.0.0.1 at 12:30:01, ports 49152-61000')).toBe('127.0.0.1 at 12:30:01, ports 49152-61000');
});
