// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation writes its substitutions so.
import { expect, test } from 'vitest';
import { ask, template } from './ask.ts';

const loop = (items: string): string => `  Fn::ForEach::Answers:
    - Low
    - ${items}
    - "In\${Low}":
        Type: AWS::EC2::NetworkAclEntry
        Properties: { NetworkAclId: !Ref Door, RuleNumber: !Ref Low, Protocol: 6, RuleAction: allow, CidrBlock: 0.0.0.0/0, PortRange: { From: !Sub "\${Low}000", To: !Sub "\${Low}999" } }`;
const before =
  'Transform: AWS::LanguageExtensions\nParameters: { Many: { Type: CommaDelimitedList, Default: "30,40" }, Open: { Type: CommaDelimitedList } }';

test('a loop over what is known is written out', async () => {
  expect(await ask(template(loop('["20", "21"]'), before), '--acl', 'Door')).toMatchObject({
    ...{ ranges: ['20000-21999'], certain: true },
  });
  expect(await ask(template(loop('!Ref Many'), before), '--acl', 'Door')).toMatchObject({
    ...{ ranges: ['30000-30999', '40000-40999'], certain: true },
  });
});

test('a loop over what nobody gave leaves every answer unsure, until it is given', async () => {
  const file = template(loop('!Ref Open'), before);
  const found = await ask(file, '--acl', 'Door');
  expect(found).toMatchObject({ ranges: [], certain: false });
  expect(found.said).toContain('Fn::ForEach::Answers');
  expect(await ask(file, '--acl', 'Door', '--parameter', 'Open=50')).toMatchObject({
    ranges: ['50000-50999'],
    certain: true,
  });
});
