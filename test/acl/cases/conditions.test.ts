import { describe, expect, test } from 'vitest';
import { answers, ask, template } from './ask.ts';

const WIDE = '{ From: 20000, To: 39999 }';
const HIGH = '{ From: 30000, To: 49999 }';
const STAGE = `
Parameters: { Stage: { Type: String, AllowedValues: [small, large] } }
Conditions: { Large: !Equals [!Ref Stage, large], Small: !Not [!Condition Large] }`;

describe('conditions of a template', () => {
  test('that decide whether an ACL exists at all leave its answer certain', async () => {
    const whole = template(answers('In', WIDE, 'Large'), STAGE);
    const text = whole.text
      .replace('Door: { Type: AWS::EC2::NetworkAcl,', 'Door: { Type: AWS::EC2::NetworkAcl, Condition: Large,')
      .replace(
        'DoorOut: { Type: AWS::EC2::NetworkAclEntry,',
        'DoorOut: { Type: AWS::EC2::NetworkAclEntry, Condition: Large,',
      );
    const file = { ...whole, text };
    expect(await ask(file, '--acl', 'Door')).toMatchObject({ ranges: ['20000-39999'], certain: true });
    await expect(ask(file, '--acl', 'Door', '--parameter', 'Stage=small')).rejects.toThrow(
      /Door is not there: the condition Large/,
    );
  });

  test('leave certain what holds in all of their combinations, and nothing else', async () => {
    const file = template([answers('A', WIDE, 'Large'), answers('B', HIGH, 'Small')].join('\n'), STAGE);
    const open = await ask(file, '--acl', 'Door');
    expect(open).toMatchObject({ ranges: ['30000-39999'], unsure: ['20000-29999', '40000-49999'], certain: false });
    expect(open.said).toContain('only where the condition Large holds');
    const given = (stage: string) => ask(file, '--acl', 'Door', '--parameter', `Stage=${stage}`);
    expect(await given('large')).toMatchObject({ ranges: ['20000-39999'], certain: true });
    expect(await given('small')).toMatchObject({ ranges: ['30000-49999'], certain: true });
  });

  test('that exclude each other never hold together', async () => {
    const before = `
Parameters: { Zones: { Type: Number } }
Conditions: { Two: !Equals [!Ref Zones, 2], Three: !Equals [!Ref Zones, 3], Other: !Not [!Or [!Condition Two, !Condition Three]] }`;
    const all = [answers('A', WIDE, 'Two'), answers('B', WIDE, 'Three'), answers('C', WIDE, 'Other')];
    expect(await ask(template(all.join('\n'), before), '--acl', 'Door')).toMatchObject({
      ranges: ['20000-39999'],
      certain: true,
    });
  });

  test('decide which ACL serves a subnet', async () => {
    const other = `  Gate: { Type: AWS::EC2::NetworkAcl, Properties: { VpcId: !Ref Net } }
  GateOut: { Type: AWS::EC2::NetworkAclEntry, Properties: { NetworkAclId: !Ref Gate, RuleNumber: 5, Protocol: -1, RuleAction: allow, Egress: true, CidrBlock: 0.0.0.0/0 } }
  GateIn: { Type: AWS::EC2::NetworkAclEntry, Properties: { NetworkAclId: !Ref Gate, RuleNumber: 5, Protocol: 6, RuleAction: allow, CidrBlock: 0.0.0.0/0, PortRange: ${HIGH} } }
  ToGate: { Type: AWS::EC2::SubnetNetworkAclAssociation, Condition: Large, Properties: { NetworkAclId: !Ref Gate, SubnetId: !Ref Desk } }
  ToDoor: { Type: AWS::EC2::SubnetNetworkAclAssociation, Condition: Small, Properties: { NetworkAclId: !Ref Door, SubnetId: !Ref Desk } }`;
    const file = template(`${answers('In', WIDE)}\n${other}`, STAGE);
    const open = await ask(file, '--subnet', 'Desk');
    expect(open).toMatchObject({ ranges: ['30000-39999'], certain: false });
    expect(open.said).toMatch(/conditions decide which ACL serves Desk: \w+ or \w+/);
    expect(await ask(file, '--subnet', 'Desk', '--parameter', 'Stage=large')).toMatchObject({
      ranges: ['30000-49999'],
    });
    const half = file.text.replace(/ {2}ToDoor.*/, '');
    expect(await ask({ ...file, text: half }, '--subnet', 'Desk', '--parameter', 'Stage=small')).toMatchObject({
      ranges: ['0-65535'],
    });
  });

  test('that compare what only AWS knows are open, and the same comparison is the same', async () => {
    const before = `
Conditions: { Here: !Equals [!ImportValue place, here], There: !Not [!Equals [here, !ImportValue place]] }`;
    const both = template([answers('A', WIDE, 'Here'), answers('B', WIDE, 'There')].join('\n'), before);
    expect(await ask(both, '--acl', 'Door')).toMatchObject({ ranges: ['20000-39999'], certain: true });
  });

  test('are tried up to a bound, and more of them are unsure', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `P${i}`);
    const before = `
Parameters: { ${names.map((name) => `${name}: { Type: String }`).join(', ')} }
Conditions: { ${names.map((name) => `Is${name}: !Equals [!Ref ${name}, x]`).join(', ')} }`;
    const all = names.map((name, i) => answers(`In${name}`, WIDE, `Is${name}`, i + 1));
    const found = await ask(template(all.join('\n'), before), '--acl', 'Door');
    expect(found).toMatchObject({ exit: 1, ranges: [], certain: false, recommended: null });
    expect(found.said).toContain('512 combinations of open conditions were tried, and there are more');
  });
});

describe('values of parameters', () => {
  const before = 'Parameters: { Low: { Type: Number, Default: 30000, MinValue: 1024 }, Part: { Type: String } }';
  const file = template(answers('In', '{ From: !Ref Low, To: !Join ["", [!Ref Part, "99"]] }'), before);

  test('come from flags, a default that counts being said', async () => {
    const found = await ask(file, '--acl', 'Door', '--parameter', 'Part=400');
    expect(found).toMatchObject({ ranges: ['30000-40099'], certain: true });
    expect(found.said).toContain('Low=30000');
    const both = await ask(file, '--acl', 'Door', '--parameter', 'Part=400', '--parameter', 'Low=20000');
    expect(both).toMatchObject({ ranges: ['20000-40099'] });
    expect(both.said).not.toContain('assumed');
  });

  test('that nobody gives leave their ports alone unsure', async () => {
    const found = await ask(file, '--acl', 'Door');
    expect(found).toMatchObject({ exit: 1, ranges: [], certain: false });
    expect(found.said).toContain('the parameter Part');
  });

  test.each([
    ['Low=80', /Low can't be "80": it has to be at least 1024/],
    ['Low=many', /Low can't be "many": it takes a number/],
    ['Lo=1', /no template that was read has a parameter Lo/],
  ])('%s is refused', async (value, words) => {
    await expect(ask(file, '--acl', 'Door', '--parameter', value)).rejects.toThrow(words);
  });
});

describe('what AWS makes by itself', () => {
  test('the default ACL of a VPC lets everything through, and takes entries', async () => {
    const deny = `  No: { Type: AWS::EC2::NetworkAclEntry, Properties: { NetworkAclId: !GetAtt Net.DefaultNetworkAcl, RuleNumber: 9, Protocol: 6, RuleAction: deny, CidrBlock: 0.0.0.0/0, PortRange: { From: 1, To: 999 } } }`;
    expect(await ask(template(''), '--subnet', 'Desk')).toMatchObject({ ranges: ['0-65535'], certain: true });
    expect(await ask(template(deny), '--subnet', 'Desk')).toMatchObject({ ranges: ['0', '1000-65535'], certain: true });
    await expect(ask(template(''), '--subnet', 'Chair')).rejects.toThrow('there is no subnet Chair in what was read');
  });

  test('an ACL without rules denies everything', async () => {
    expect(await ask(template(''), '--acl', 'Door')).toMatchObject({ exit: 1, ranges: [], certain: true });
  });
});

test('a resource that may change an ACL leaves no port safe, and none is recommended', async () => {
  const stack = '  More: { Type: AWS::CloudFormation::Stack, Properties: { Parameters: { Acl: !Ref Door } } }';
  const found = await ask(template(`${answers('In', WIDE)}\n${stack}`), '--acl', 'Door');
  expect(found).toMatchObject({ exit: 1, ranges: [], unsure: ['0-65535'], certain: false, recommended: null });
  const note = '  Note: { Type: AWS::SSM::Parameter, Properties: { Type: String, Value: !Ref Door } }';
  expect(await ask(template(`${answers('In', WIDE)}\n${note}`), '--acl', 'Door')).toMatchObject({
    exit: 0,
    certain: true,
  });
});

test('of two equal keys the last counts, with both places named', async () => {
  const twice = template([answers('In', WIDE), answers('In', HIGH)].join('\n'));
  const found = await ask(twice, '--acl', 'Door');
  expect(found).toMatchObject({ ranges: ['30000-49999'], certain: true });
  expect(found.said).toMatch(
    /the key "In" stands twice, at door\.yaml:7:3 and again at door\.yaml:8:3: the last one counts/,
  );
});
