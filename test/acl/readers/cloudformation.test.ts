// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation writes its substitutions so.
import { describe, expect, test } from 'vitest';
import type { AclEntry, AclInventory } from '../../../src/acl/model.ts';
import { readAclFiles } from '../../../src/acl/readers/read.ts';

/** A template with an ACL and one entry, whose properties are YAML lines; further sections before the resources. */
function template(properties: string, { before = '', resources = '' } = {}): AclInventory {
  const fine: Readonly<Record<string, string>> = {
    NetworkAclId: '!Ref Acl',
    RuleNumber: '10',
    Protocol: '6',
    RuleAction: 'allow',
    CidrBlock: '10.0.0.0/8',
    PortRange: '{ From: 1, To: 2 }',
  };
  const given = properties.split('\n').filter((line) => line !== '');
  const own = Object.entries(fine)
    .filter(([key]) => !given.some((line) => line.startsWith(`${key}:`) || line.startsWith(`-${key}`)))
    .map(([key, value]) => `${key}: ${value}`);
  const lines = [...own, ...given.filter((line) => !line.startsWith('-'))].map((line) => `      ${line}`);
  const text = [
    before,
    'Resources:',
    '  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.30.0.0/16 } }',
    '  Acl: { Type: AWS::EC2::NetworkAcl, Properties: { VpcId: !Ref Vpc } }',
    resources,
    '  Entry:',
    '    Type: AWS::EC2::NetworkAclEntry',
    '    Properties:',
    ...lines,
  ].join('\n');
  return readAclFiles([{ name: 'template', text }]);
}

const entry = (inventory: AclInventory): AclEntry | undefined => inventory.acls[0]?.entries[0];
const doubts = ({ unjudged }: AclInventory) => unjudged.map((one) => `${one.acl ?? one.about ?? 'any'}: ${one.reason}`);

describe('a property', () => {
  test.each([
    ['CidrBlock: !GetAtt Vpc.CidrBlock', { remote: '10.30.0.0/16' }],
    ['CidrBlock: !Sub 10.9.0.0/16', { remote: '10.9.0.0/16' }],
    ['CidrBlock: { "Fn::GetAtt": [Vpc, CidrBlock] }', { remote: '10.30.0.0/16' }],
    ['-CidrBlock\nIpv6CidrBlock: "::/0"', { remote: '::/0', family: 'ipv6' }],
    ['CidrBlock: !Ref Block', { remote: '192.0.2.0/24' }],
    ['CidrBlock: !Sub "${Block}"', { remote: '192.0.2.0/24' }],
    ['CidrBlock: !Select [0, [10.0.0.0/8]]', { remote: '10.0.0.0/8' }],
    ['CidrBlock: !Select [1, !Cidr [!GetAtt Vpc.CidrBlock, 4, 8]]', { remote: '10.30.1.0/24' }],
    ['CidrBlock: !Join ["/", [10.1.0.0, "16"]]', { remote: '10.1.0.0/16' }],
    ['CidrBlock: !Select [1, !Split [",", "10.1.0.0/16,10.2.0.0/16"]]', { remote: '10.2.0.0/16' }],
    ['CidrBlock: !Sub ["10.${N}.0.0/16", { N: 7 }]', { remote: '10.7.0.0/16' }],
    ['Ipv6CidrBlock: !Ref AWS::NoValue', { remote: '10.0.0.0/8', family: 'ipv4' }],
    ['RuleNumber: "10"', { number: 10 }],
    ['Protocol: "-1"', { protocol: 'all', ports: [{ from: 0, to: 65_535 }] }],
    ['Egress: "true"', { direction: 'outbound' }],
    ['Egress: false', { direction: 'inbound' }],
    ['Protocol: 1\nIcmp: { Type: "8", Code: -1 }', { protocol: 1, icmp: { type: 8, code: 'any' } }],
    ['PortRange: { From: "22", To: 22 }', { ports: [{ from: 22, to: 22 }] }],
  ])('%s is read', (properties, expected) => {
    const read = template(properties, { before: 'Parameters: { Block: { Type: String, Default: 192.0.2.0/24 } }' });
    expect(entry(read)).toMatchObject(expected);
    expect(doubts(read)).toEqual([]);
  });

  test.each([
    ['CidrBlock: !Ref Named', 'remote', 'the parameter Named'],
    ['CidrBlock: !Ref Nobody', 'remote', 'a reference to "Nobody"'],
    ['CidrBlock: !Ref constructor', 'remote', 'a reference to "constructor"'],
    ['CidrBlock: !Sub "${Named}/8"', 'remote', 'the parameter Named'],
    ['CidrBlock: !ImportValue block', 'remote', 'Fn::ImportValue "block"'],
    ['RuleNumber: !FindInMap [Numbers, !Ref Named, x]', 'number', 'the parameter Named'],
    ['PortRange: { From: !Ref Named, To: 9 }', 'ports', 'the parameter Named'],
    ['PortRange: { From: 9, To: !Ref Named }', 'ports', 'the parameter Named'],
    ['-PortRange', 'ports', 'the entry is for TCP or UDP and names no ports (PortRange)'],
    ['Egress: !Ref Named', 'direction', 'the parameter Named'],
    ['Protocol: !Ref Named', 'icmp', 'the parameter Named'],
    ['Protocol: 58', 'icmp', 'the entry is for ICMP and names no type (IcmpTypeCode)'],
  ] as const)('%s is unknown, with the reason', (properties, field, reason) => {
    const before = 'Parameters: { Named: { Type: String } }';
    expect(entry(template(properties, { before }))?.[field]).toEqual({ unknown: reason });
  });
});

describe('what may change an answer', () => {
  test.each([
    [
      'a macro for all',
      { before: 'Transform: [AWS::LanguageExtensions, Ours]' },
      ['any: the macro Ours may change the template before it is used'],
    ],
    ['a macro of AWS that makes no ACLs', { before: 'Transform: AWS::Serverless-2016-10-31' }, []],
    [
      'a loop',
      { resources: '  Fn::ForEach::Rules: [N, !Ref Nobody, {}]' },
      ['any: the resources that Fn::ForEach::Rules makes are not known'],
    ],
    [
      'a custom resource that is given the ACL',
      { resources: '  C: { Type: Custom::Rules, Properties: { In: { Deep: [!Sub "x-${Acl}"] } } }' },
      ['Acl: C, of Custom::Rules, is given Acl and may change it'],
    ],
    [
      'a resource that only waits for the ACL',
      { resources: '  W: { Type: AWS::EC2::Subnet, DependsOn: Acl, Properties: { VpcId: !Ref Vpc } }' },
      [],
    ],
    [
      'a resource of AWS that only refers to the ACL',
      { resources: '  P: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Ref Acl } }' },
      [],
    ],
    [
      'an association with a subnet from elsewhere',
      {
        resources:
          '  S: { Type: AWS::EC2::SubnetNetworkAclAssociation, Properties: { SubnetId: !ImportValue s, NetworkAclId: !Ref Acl } }',
      },
      ['subnets: AWS::EC2::SubnetNetworkAclAssociation can\'t be judged; its subnet: Fn::ImportValue "s"'],
    ],
  ])('%s is told', (_, more, expected) => {
    expect(doubts(template('', more))).toEqual(expected);
  });

  test('an entry whose ACL is not known may be in any', () => {
    const read = template('NetworkAclId: !ImportValue acl');
    expect(read.acls.map(({ id, entries }) => [id, entries.at(-1)?.presence])).toEqual([
      ['Acl', { unknown: 'which ACL Entry is for: Fn::ImportValue "acl"' }],
      ['Vpc.DefaultNetworkAcl', { unknown: 'which ACL Entry is for: Fn::ImportValue "acl"' }],
    ]);
  });

  test('an entry whose properties a macro makes leaves every answer unsure', () => {
    expect(doubts(template('Fn::Transform: { Name: AWS::Include }'))).toEqual([
      'any: a macro makes the properties of Entry',
    ]);
  });

  test('an entry for an ACL that is made elsewhere', () => {
    const read = template('NetworkAclId: acl-0fff');
    expect(read.acls.map(({ id, entries }) => [id, entries.length])).toEqual([
      ['Acl', 0],
      ['Vpc.DefaultNetworkAcl', 2],
      ['acl-0fff', 1],
    ]);
    expect(doubts(read)).toEqual(['acl-0fff: acl-0fff is made elsewhere; only what this file adds to it is known']);
  });
});
