import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { EXIT } from '../../src/errors.ts';
import { inProcess } from '../support/in-process.ts';

const entry = (number: number, egress: boolean, more: object) => ({
  ...{ RuleNumber: number, Egress: egress, Protocol: '6', RuleAction: 'allow', CidrBlock: '0.0.0.0/0' },
  ...more,
});
const acls = (id: string) =>
  JSON.stringify({
    NetworkAcls: [
      {
        ...{ NetworkAclId: id, VpcId: 'vpc-0a1b2c3d', IsDefault: false, Associations: [] },
        Entries: [
          entry(100, true, { PortRange: { From: 443, To: 443 } }),
          entry(100, false, { PortRange: { From: 49_152, To: 61_000 } }),
          entry(90, false, {
            PortRange: { From: 50_000, To: 50_999 },
            CidrBlock: '203.0.113.0/24',
            RuleAction: 'deny',
          }),
        ],
      },
    ],
  });
const ID = 'acl-0123456789abcdef0';
const files = {
  'acls.json': acls(ID),
  'table.txt': 'acl web\n  out 5 deny all any 0.0.0.0/0\n  in 1 deny all any 0.0.0.0/0\n',
  '/proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
};
const env = { PORTFENCE_STATE_DIR: '/state' };
const fixOf = (files: Readonly<Record<string, string>>, ...args: string[]) =>
  inProcess(['acl', 'fix', ...args], { files, env });
const fix = (...args: string[]) => fixOf(files, ...args);

test('prints the aws commands and the Terraform that mend it, what they open, and the range that needs neither', async () => {
  const { exit, json, text, system } = await fix(
    '--file',
    'acls.json',
    '--ports',
    '49152-61000',
    '--service',
    '443/tcp,53/udp',
  );
  expect(exit).toBe(EXIT.fine);
  expect(json).toMatchObject({ needed: true, fitsAfter: true, certain: true, stuck: null, range: null, table: [] });
  expect((json as { awsCli: string[] }).awsCli).toEqual([
    `aws ec2 create-network-acl-entry --network-acl-id ${ID} --ingress --rule-number 89 --protocol 6 --port-range From=50000,To=50999 --cidr-block 203.0.113.0/24 --rule-action allow`,
    `aws ec2 create-network-acl-entry --network-acl-id ${ID} --egress --rule-number 110 --protocol 17 --port-range From=53,To=53 --cidr-block 0.0.0.0/0 --rule-action allow`,
    `aws ec2 create-network-acl-entry --network-acl-id ${ID} --ingress --rule-number 110 --protocol 17 --port-range From=49152,To=61000 --cidr-block 0.0.0.0/0 --rule-action allow`,
  ]);
  const words = text.join('\n');
  expect(words).toContain('opens inbound tcp to ports 50000-50999 from 203.0.113.0/24');
  expect(words).toContain('since an entry denies it: inbound 90: deny tcp 50000-50999 from 203.0.113.0/24');
  expect(words).toContain(
    [
      '  resource "aws_network_acl_rule" "portfence_acl_0123456789abcdef0_outbound_110" {',
      `    network_acl_id = "${ID}"`,
      '    rule_number    = 110',
      '    egress         = true',
      '    protocol       = "udp"',
      '    rule_action    = "allow"',
      '    cidr_block     = "0.0.0.0/0"',
      '    from_port      = 53',
      '    to_port        = 53',
      '  }',
    ].join('\n'),
  );
  expect(system.calls.run).toEqual([]);
});

test('a range that passes already is offered first, and what fits is left alone', async () => {
  const narrow = await fix('--file', 'acls.json', '--ports', '49152-61000');
  expect(narrow.json).toMatchObject({
    range: '49152-49999,51000-61000',
    entries: [{ number: 89, ports: '50000-50999' }],
  });
  expect(narrow.text.slice(2, 4)).toEqual([
    'change the ports, which opens nothing:',
    '  portfence apply --ports 49152-49999,51000-61000',
  ]);
  const fits = await fix('--file', 'acls.json', '--ports', '51000-61000');
  expect(fits).toMatchObject({ exit: EXIT.fine, json: { needed: false, entries: [], awsCli: [] } });
  expect(fits.text).toEqual([`nothing to change: ${ID}: 443/tcp at 0.0.0.0/0 fits`]);
});

test('no sentence promises more than could be judged', async () => {
  const page = acls(ID).replace(/}$/, ',"NextToken":"more"}');
  const told = async (...args: string[]) =>
    (await inProcess(['acl', ...args], { files: { ...files, 'page.json': page }, env })).text;
  const ports = (range: string) => ['fix', '--file', 'page.json', '--ports', range];
  expect((await told(...ports('51000-61000')))[0]).toMatch(
    /^nothing to change: .* fits, as far as it could be judged$/,
  );
  expect((await told(...ports('49152-61000'))).join()).toContain(
    'every port in use passes, as far as it could be judged',
  );
  expect((await told('explain', 'tcp 10.0.1.2:60000 > 192.0.2.1:443', '--file', 'page.json')).join()).toContain(
    'the connection gets its answer, as far as it could be judged',
  );
});

test('where no number is free the answer is no; a table gets lines of a table', async () => {
  const stuck = await fix('--file', 'table.txt', '--ports', '50000-59999');
  expect([stuck.exit, stuck.json]).toMatchObject([
    EXIT.no,
    { fitsAfter: false, entries: [], stuck: 'no inbound number is free before 1 in web: renumber its entries first' },
  ]);
  const free = { ...files, 'table.txt': files['table.txt'].replace('in 1 ', 'in 20 ') };
  const mended = await fixOf(free, '--file', 'table.txt', '--ports', '50000-59999');
  expect(mended.json).toMatchObject({
    table: ['out 4 allow tcp 443 0.0.0.0/0', 'in 19 allow tcp 50000-59999 0.0.0.0/0'],
    awsCli: [],
  });
});

const NASTY = 'acl-1; rm -rf "$HOME" `id`\u001b[2J';

test('an id that is none of AWS’s never becomes part of a command', async () => {
  const { json } = await fixOf({ ...files, 'acls.json': acls(NASTY) }, '--file', 'acls.json', '--ports', '49152-61000');
  const { awsCli, terraform } = json as { awsCli: string[]; terraform: string[] };
  expect(awsCli[0]).toBe('# ACL_ID is the id of acl-1; rm -rf "$HOME" `id`?[2J');
  expect(awsCli[1]).toContain('--network-acl-id "$ACL_ID" --ingress');
  expect(terraform[1]).toMatch(/^ {2}network_acl_id = var\.acl_id # the id of acl-1;/);
});

test.each([
  ['json', (template: object) => JSON.stringify(template), '  "PortfenceGateIn10": {'],
  ['yaml', (template: object) => stringify(template), '  PortfenceGateIn10:'],
  ['get-template', (template: object) => JSON.stringify({ TemplateBody: stringify(template) }), '  PortfenceGateIn10:'],
])('an ACL that a template in %s makes is mended by a resource in its form', async (_, write, first) => {
  const entry = { NetworkAclId: { Ref: 'Gate' }, RuleNumber: 5, Protocol: -1, RuleAction: 'allow' };
  const template = {
    Resources: {
      Gate: { Type: 'AWS::EC2::NetworkAcl', Properties: { VpcId: 'vpc-1' } },
      Out: { Type: 'AWS::EC2::NetworkAclEntry', Properties: { ...entry, Egress: true, CidrBlock: '0.0.0.0/0' } },
    },
  };
  const args = ['acl', 'fix', '--file', 'gate', '--peer', '0.0.0.0/0', '--ports', '40000-50000'];
  const { exit, text } = await inProcess(args, { files: { ...files, gate: write(template) }, env });
  expect(exit).toBe(EXIT.fine);
  const at = text.indexOf('CloudFormation, as resources of the template:');
  expect(text[at + 1]).toBe(first);
  expect(text.slice(at).join('\n')).toMatch(/From"?: 40000,?\n\s+"?To"?: 50000/);
  expect(text).toContain(
    'the stack would drift from its template by these commands, and undo them at some later update:',
  );
  expect(text).not.toContain('Terraform:');
});
