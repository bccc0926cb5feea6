import { describe, expect, test } from 'vitest';
import { readAclFiles } from '../../../src/acl/readers/read.ts';
import { PortfenceError } from '../../../src/errors.ts';

function told(text: string, name = 'file'): { message: string; hint: string | undefined } {
  try {
    readAclFiles([{ name, text }]);
  } catch (error) {
    if (!(error instanceof PortfenceError)) throw error;
    expect(error.code).toBe('ACL_FILE');
    expect(error.exitCode).toBe(2);
    return { message: error.message, hint: error.hint };
  }
  throw new Error('it was read');
}

const ENTRY = {
  CidrBlock: '0.0.0.0/0',
  Egress: false,
  Protocol: '6',
  PortRange: { From: 1, To: 2 },
  RuleAction: 'allow',
  RuleNumber: 7,
};
const aws = (entry: object, more: object = {}): string =>
  JSON.stringify({ NetworkAcls: [{ NetworkAclId: 'acl-1', Entries: [{ ...ENTRY, ...entry }], ...more }] });
const rule = (values: object): string => {
  const fine = { network_acl_id: 'acl-1', rule_number: 7, rule_action: 'allow', protocol: 'tcp', cidr_block: '::/0' };
  const resource = {
    address: 'aws_network_acl_rule.a',
    type: 'aws_network_acl_rule',
    name: 'a',
    values: { ...fine, cidr_block: '0.0.0.0/0', ...values },
  };
  return JSON.stringify({ format_version: '1.0', values: { root_module: { resources: [resource] } } });
};
const template = (properties: string): string =>
  [
    'Resources:',
    '  Acl: { Type: AWS::EC2::NetworkAcl }',
    '  E:',
    '    Type: AWS::EC2::NetworkAclEntry',
    '    Properties:',
    `      ${properties}`,
  ].join('\n');

describe('a file that can not be is told with file, element and remedy', () => {
  const rows: readonly (readonly [text: string, message: unknown, hint: unknown])[] = [
    [
      aws({ RuleNumber: 'x' }),
      'file: NetworkAcls[0].Entries[0].RuleNumber: "x" is no rule number',
      'write a whole number from 1 to 32768',
    ],
    [
      aws({ RuleNumber: 0 }),
      'file: NetworkAcls[0].Entries[0].RuleNumber: 0 is no rule number',
      'write a whole number from 1 to 32768',
    ],
    [
      aws({ RuleNumber: null }),
      'file: NetworkAcls[0].Entries[0]: the entry has no rule number',
      'write the file anew with the program that made it',
    ],
    [
      aws({ Protocol: 256 }),
      'file: NetworkAcls[0].Entries[0].Protocol: 256 is no protocol',
      'write a whole number from -1 to 255',
    ],
    [
      aws({ RuleAction: 'drop' }),
      'file: NetworkAcls[0].Entries[0].RuleAction: "drop" is no action',
      'write allow or deny',
    ],
    [
      aws({ Egress: 'no' }),
      'file: NetworkAcls[0].Entries[0].Egress: "no" is neither true nor false',
      'write true or false',
    ],
    [
      aws({ CidrBlock: '10.0.0.1/33' }),
      'file: NetworkAcls[0].Entries[0].CidrBlock: "10.0.0.1/33" is no address block',
      'write a block such as 10.0.0.0/16',
    ],
    [
      aws({ CidrBlock: '010.0.0.0/8' }),
      'file: NetworkAcls[0].Entries[0].CidrBlock: "010.0.0.0/8" is no address block',
      'write a block such as 10.0.0.0/16',
    ],
    [
      aws({ CidrBlock: '10.0.0.1' }),
      'file: NetworkAcls[0].Entries[0].CidrBlock: "10.0.0.1" is no address block',
      'write 10.0.0.1/32 for this one address',
    ],
    [
      aws({ CidrBlock: '::/0' }),
      'file: NetworkAcls[0].Entries[0].CidrBlock: "::/0" is an IPv6 block',
      'write it under the key for IPv6 blocks',
    ],
    [
      aws({ Ipv6CidrBlock: '::/0' }),
      'file: NetworkAcls[0].Entries[0]: the entry has an IPv4 and an IPv6 block',
      'keep one, and write two entries',
    ],
    [
      aws({ CidrBlock: null }),
      'file: NetworkAcls[0].Entries[0]: the entry has no address block',
      'write 0.0.0.0/0 for all of IPv4',
    ],
    [
      aws({ PortRange: { From: 9, To: 2 } }),
      'file: NetworkAcls[0].Entries[0]: the ports 9-2 run backwards',
      'write 2-9',
    ],
    [
      aws({ PortRange: { From: 9, To: 65_536 } }),
      'file: NetworkAcls[0].Entries[0].PortRange.To: 65536 is no port',
      'write a whole number from 0 to 65535',
    ],
    [
      aws({ PortRange: [9] }),
      'file: NetworkAcls[0].Entries[0].PortRange: a list stands where a mapping belongs',
      'write the file anew with the program that made it, and leave it as it is',
    ],
    [
      aws({}, { NetworkAclId: 5 }),
      'file: NetworkAcls[0].NetworkAclId: 5 stands where a text belongs',
      'write the file anew with the program that made it, and leave it as it is',
    ],
    [
      aws({}, { Entries: { a: 1 } }),
      'file: NetworkAcls[0].Entries: a mapping stands where a list belongs',
      'write the file anew with the program that made it, and leave it as it is',
    ],
    [
      aws({}, { Entries: [ENTRY, ENTRY] }),
      'file: NetworkAcls[0].Entries[1]: the inbound rule 7 of acl-1 stands in NetworkAcls[0].Entries[0] too',
      'give every rule of one direction a number of its own',
    ],
    [
      rule({ protocol: 'tpc' }),
      'file: aws_network_acl_rule.a.protocol: "tpc" is no protocol',
      'write a whole number from -1 to 255',
    ],
    [
      rule({ network_acl_id: null }),
      'file: aws_network_acl_rule.a: network_acl_id is missing',
      'write the file anew with terraform show -json',
    ],
    [
      rule({ rule_number: 40_000 }),
      'file: aws_network_acl_rule.a.rule_number: 40000 is no rule number',
      'write a whole number from 1 to 32768',
    ],
    [
      '{"format_version":"2.0"}',
      'file: format_version "2.0" is not known to portfence',
      'use a Terraform whose show -json writes version 1',
    ],
    [template('RuleNumber: 1'), 'file: Resources.E: NetworkAclId is missing', 'write NetworkAclId: !Ref NAME'],
    [
      template('{ NetworkAclId: !Ref Acl, RuleNumber: 1, Protocol: tcp2 }'),
      'file: Resources.E.Properties.Protocol: "tcp2" is no protocol',
      'write a whole number from -1 to 255',
    ],
    [template('a: *b'), 'file:6:10: an alias (*"b"), which CloudFormation does not take', 'write the value out'],
    [
      'Resources: []',
      'file: this is none of the formats that portfence knows',
      expect.stringContaining('docs/acl-table.md'),
    ],
    ['acl a\nin 1 allow tcp 2-1 ::/0', 'file:2: the ports 2-1 run backwards', 'write 1-2'],
    ['acl a\nin 1 allow tcp 1', 'file:2: the rule ends too early', expect.stringContaining('in 100 allow tcp')],
    [
      'acl a\nin 1 allow gre 5 ::/0',
      'file:2: "5" can\'t be, since only tcp, udp and sctp have ports',
      'write any for the ports',
    ],
    [
      'acl a\nin 1 allow icmp 3/4 ::/0',
      'file:2: "::/0" is a block of the other family',
      'write icmpv6 as the protocol',
    ],
    ['acl a\nallow 1', 'file:2: "allow" begins no line of a table', expect.stringContaining('begin the line with')],
    ['subnet a\nin 1 allow all any any', 'file:2: a rule stands before the first ACL', 'write a line "acl NAME" above'],
    ['acl a b', 'file:1: "b" can\'t follow the name of an ACL', 'write: acl NAME [default] [vpc ID]'],
    ['', 'file: the file is empty', 'check the command that wrote it'],
    ['{"NetworkAcls": [', 'file:1:18: the JSON ends in the middle', expect.stringContaining('cut off')],
    [
      '{"NetworkAcls": [}',
      expect.stringMatching(/^file:1:\d+: (?:this is not JSON|the JSON ends in the middle)$/),
      expect.any(String),
    ],
    [
      '{"NetworkAcls": []} x',
      'file:1:21: "x" stands between JSON documents',
      expect.stringContaining('write the file anew'),
    ],
    [
      'resource "aws_network_acl" "a" {\n}',
      'file: this is Terraform configuration, whose values only Terraform knows',
      expect.stringContaining('terraform show -json'),
    ],
    [
      '{"version": 3, "terraform_version": "0.11", "lineage": "x", "modules": []}',
      'file: a Terraform state of version 3; portfence reads version 4',
      expect.stringContaining('terraform show -json'),
    ],
    [
      '{"SecurityGroups": []}',
      expect.stringContaining('these are security groups'),
      expect.stringContaining('describe-network-acls'),
    ],
    [
      'NETWORKACLS\tFalse\tacl-1',
      'file: this is the text output of aws',
      'run aws ec2 describe-network-acls --output json',
    ],
    [aws({ Egress: 0 }), 'file: NetworkAcls[0].Entries[0].Egress: 0 is neither true nor false', 'write true or false'],
    [
      '# Notes\nkey: a: b',
      'file: this is none of the formats that portfence knows',
      expect.stringContaining('docs/acl-table.md'),
    ],
    [
      'what is this',
      'file: this is none of the formats that portfence knows',
      expect.stringContaining('docs/acl-table.md'),
    ],
  ];
  const named = rows.map(([text, message, hint]) => ({
    text,
    message,
    hint,
    name: typeof message === 'string' ? message : text,
  }));
  test.each(named)('$name', ({ text, message, hint }) => {
    expect(told(text)).toEqual({ message, hint });
  });
});

test('nothing from a file reaches a terminal as it is', () => {
  const { message } = told(aws({ RuleAction: '\u001b[2J\u202e' }, {}), '\u001b[31mname');
  expect(message).toBe('?[31mname: NetworkAcls[0].Entries[0].RuleAction: "\\u001b[2J?" is no action');
});

describe('several files', () => {
  const read = (...texts: readonly string[]) => readAclFiles(texts.map((text, i) => ({ name: `f${i}`, text })));

  test('are one inventory', () => {
    const subnets = JSON.stringify({ Subnets: [{ SubnetId: 's', VpcId: 'v', CidrBlock: '10.0.0.9/8' }] });
    const { acls, subnets: known } = read(aws({}, { Associations: [{ SubnetId: 's' }] }), subnets);
    expect(acls.map(({ id, subnets: served }) => [id, served])).toEqual([['acl-1', ['s']]]);
    expect(known).toEqual([{ id: 's', vpc: 'v', blocks: ['10.0.0.0/8'] }]);
  });

  test('may repeat an ACL with the same content, in another order', () => {
    const two = [ENTRY, { ...ENTRY, RuleNumber: 8 }];
    expect(read(aws({}, { Entries: two }), aws({}, { Entries: two.toReversed() })).acls).toHaveLength(1);
  });

  test('may not tell of one ACL in two ways', () => {
    expect(() => read(aws({}), aws({ RuleAction: 'deny' }))).toThrow(
      'f1: NetworkAcls[0]: the ACL acl-1 stands in f0 too, with other content',
    );
  });

  test('that give a subnet two ACLs make both unsure', () => {
    const { unjudged } = read('acl a\nsubnet s', 'acl b\nsubnet s');
    expect(unjudged.map(({ acl }) => acl)).toEqual(['a', 'b']);
  });
});

describe('what is there in part', () => {
  test('a page that names a next one makes every answer unsure, until the last page is there', () => {
    const open = JSON.stringify({ NetworkAcls: [], NextToken: 'x' });
    expect(readAclFiles([{ name: 'f', text: open }]).unjudged).toMatchObject([{ acl: undefined }]);
    expect(readAclFiles([{ name: 'f', text: `${open}{"NetworkAcls":[]}` }]).unjudged).toEqual([]);
  });

  test.each([{}, { Entries: null }])(
    'an ACL listed with %j alone has entries that nobody tells, not none',
    (entries) => {
      const acls = (more: object) => [
        { name: 'f', text: JSON.stringify({ NetworkAcls: [{ NetworkAclId: 'a', ...more }] }) },
      ];
      expect(readAclFiles(acls(entries)).unjudged).toEqual([
        {
          acl: 'a',
          place: { file: 'f', path: 'NetworkAcls[0]' },
          reason: 'the listing does not tell the entries of a',
        },
      ]);
      expect(readAclFiles(acls({ Entries: [] })).unjudged).toEqual([]);
    },
  );

  test('texts with brackets, quotes and backslashes in them end where they end', () => {
    const page = (more: object) => JSON.stringify({ NetworkAcls: [], ...more });
    const text = [page({ a: '\\' }), page({ b: '\\"]}{' }), page({})].join('');
    expect(readAclFiles([{ name: 'f', text }]).acls).toEqual([]);
  });

  test('keys named __proto__ are keys like others', () => {
    const text = `{"__proto__": {"NetworkAcls": 5}, "NetworkAcls": [{"NetworkAclId": "__proto__", "Entries": []}]}`;
    expect(readAclFiles([{ name: 'f', text }]).acls.map(({ id }) => id)).toEqual(['__proto__']);
  });

  test('parts that --query cut out are read', () => {
    const acl = { NetworkAclId: 'acl-1', VpcId: 'v', Entries: [ENTRY] };
    for (const cut of [acl, [acl]])
      expect(readAclFiles([{ name: 'f', text: JSON.stringify(cut) }]).acls).toHaveLength(1);
  });

  test('the entries that end every list are left out, and nothing else has their numbers', () => {
    const last = { RuleNumber: 32_767, Protocol: '-1', RuleAction: 'deny' };
    const kept = { RuleNumber: 32_766, Protocol: '-1', RuleAction: 'deny' };
    const numbers = (entry: object) =>
      readAclFiles([{ name: 'f', text: aws(entry) }]).acls[0]?.entries.map(({ number }) => number);
    expect([numbers(last), numbers(kept)]).toEqual([[], [32_766]]);
    const refused = 'f: NetworkAcls[0].Entries[0]: 32767 is no rule number of AWS';
    expect(() => numbers({ ...last, RuleAction: 'allow' })).toThrow(refused);
    expect(() => numbers({ ...last, CidrBlock: '10.0.0.0/8' })).toThrow(refused);
  });
});

describe('a table', () => {
  const entries = (line: string) =>
    readAclFiles([{ name: 'f', text: `acl a\n${line}` }]).acls[0]?.entries.map(({ family, remote }) => [
      family,
      remote,
    ]);

  test('means both families by any, and the one that a protocol has', () => {
    expect(entries('in 1 allow tcp 443 any')).toEqual([
      ['ipv4', '0.0.0.0/0'],
      ['ipv6', '::/0'],
    ]);
    expect(entries('in 1 allow icmp any any')).toEqual([['ipv4', '0.0.0.0/0']]);
    expect(entries('in 1 allow icmpv6 2 *')).toEqual([['ipv6', '::/0']]);
  });

  test('means every code of an ICMP type that is named alone', () => {
    const text = 'acl a\nin 1 allow icmp 3 any\nin 2 allow icmp 3/4 any\nin 3 allow icmp any any';
    const icmp = readAclFiles([{ name: 'f', text }]).acls[0]?.entries.map((one) => one.icmp);
    expect(icmp).toEqual([
      { type: 3, code: 'any' },
      { type: 3, code: 4 },
      { type: 'any', code: 'any' },
    ]);
  });

  test('takes one address, and blocks with host bits', () => {
    expect(entries('in 1 allow tcp 443 10.0.0.9')).toEqual([['ipv4', '10.0.0.9/32']]);
    expect(entries('in 1 allow tcp 443 2001:DB8::9/32 # a comment')).toEqual([['ipv6', '2001:db8::/32']]);
  });

  test('tells of the default ACL of a VPC, and of subnets that no ACL names', () => {
    const text = 'subnet lone 10.0.9.0/24\nACL rest default vpc v1\nacl other VPC v1\n\tsubnet s\r\n';
    const { acls, subnets } = readAclFiles([{ name: 'f', text }]);
    expect(acls).toMatchObject([
      { id: 'rest', vpc: 'v1', isDefault: true, subnets: [] },
      { id: 'other', vpc: 'v1', isDefault: false, subnets: ['s'] },
    ]);
    expect(subnets).toEqual([
      { id: 'lone', vpc: undefined, blocks: ['10.0.9.0/24'] },
      { id: 's', vpc: 'v1', blocks: [] },
    ]);
  });
});
