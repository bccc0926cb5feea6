import { describe, expect, test } from 'vitest';
import { ask } from './ask.ts';

const refusal = async (text: string): Promise<string> => {
  try {
    await ask({ name: 'file', text });
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string };
    return `${message} -> ${hint}`;
  }
  throw new Error('nothing was refused');
};

describe('what is recognised and can’t be read is refused with what to give instead', () => {
  test.each([
    ['configuration of Terraform', '/* a */ // b\nresource "aws_network_acl" "a" {\n}', 'terraform show -json'],
    ['a moved block', 'moved {\n  from = a.b\n}', 'terraform show -json'],
    ['an import block', '# x\nimport {\n  id = "acl-1"\n}', 'terraform show -json'],
    ['a check block', 'check "up" {\n}', 'terraform show -json'],
    ['a removed block', 'removed {\n}', 'terraform show -json'],
    ['an ephemeral block', 'ephemeral "random_password" "p" {\n}', 'terraform show -json'],
    ['locals', 'locals {\n  a = 1\n}', 'terraform show -json'],
    ['a binary plan', 'PK\u0003\u0004xx', 'terraform show -json'],
    ['an old state', '{"version":3,"lineage":"a","modules":[]}', 'terraform show -json'],
    ['a trail', '{"Records":[{"eventSource":"ec2.amazonaws.com"}]}', 'CloudTrail'],
    ['a look-up of a trail', '{"Events":[{"CloudTrailEvent":"{}"}]}', 'CloudTrail'],
    ['an accelerator’s configuration', 'vpcs:\n  - name: a\n    networkAcls: []', 'Landing Zone Accelerator'],
    ['a stack of Pulumi', '{"version":3,"deployment":{"resources":[]}}', 'Pulumi'],
    ['a program of Pulumi', 'name: a\nruntime: yaml\nresources: {}', 'Pulumi'],
    ['a manifest of CDK', '{"version":"36.0.0","artifacts":{}}', 'template.json'],
    ['resources of a stack', '{"StackResources":[]}', 'get-template'],
    ['a wrapped text that is no template', '{"TemplateBody":"Resources:\\n  A: [\\n"}', 'TemplateBody'],
    ['YAML of another kind', 'apiVersion: v1\nkind: ConfigMap\ndata:\n  Resources: none', 'none of the formats'],
    ['a second YAML template', 'Resources: {}\n---\nhello', 'none of the formats'],
    ['a listing without ACLs', '{"NetworkAcls": []}', 'there is no network ACL in what was read'],
    [
      'ports in another spelling',
      JSON.stringify({
        NetworkAclId: 'a',
        Entries: [
          {
            RuleNumber: 1,
            RuleAction: 'allow',
            Protocol: '6',
            Egress: false,
            CidrBlock: '0.0.0.0/0',
            PortRange: { from: 1, to: 2 },
          },
        ],
      }),
      'PortRange: From is missing (there is from, to)',
    ],
    [
      'ports as a list',
      JSON.stringify({
        NetworkAclId: 'a',
        Entries: [
          {
            RuleNumber: 1,
            RuleAction: 'allow',
            Protocol: '6',
            Egress: false,
            CidrBlock: '0.0.0.0/0',
            PortRange: [1, 2],
          },
        ],
      }),
      'PortRange',
    ],
  ])('%s', async (_, text, words) => {
    expect(await refusal(text)).toContain(words);
  });
});

test('several subnets are one table, with what is common to all', async () => {
  const text = `acl a vpc v1
 subnet s1
 out 1 allow all any any
 in 1 allow tcp 32768-65535 any
acl b vpc v1
 subnet s2
 out 1 allow all any any
 in 1 allow tcp 40000-50000 any
acl c vpc v2
 subnet s3
 in 1 deny all any any`;
  const file = { name: 'acls.txt', text };
  expect(await ask(file, '--vpc', 'v1')).toMatchObject({
    exit: 0,
    ranges: ['40000-50000'],
    recommended: '40000-50000',
  });
  expect(await ask(file, '--subnet', 's1', '--subnet', 's2')).toMatchObject({ exit: 0, ranges: ['40000-50000'] });
  const all = await ask(file, '--all');
  expect(all).toMatchObject({ exit: 1, ranges: [], certain: true, recommended: null });
  expect(all.said).toContain('"subnet":"s3","acl":"c"');
});

test('families whose ports differ are told by themselves', async () => {
  const text =
    'acl a\n out 1 allow all any any\n in 1 allow tcp 40000-50000 0.0.0.0/0\n in 2 allow tcp 40000-50000 2001:db8::/32';
  const found = await ask({ name: 'acls.txt', text }, '--peer', '0.0.0.0/0', '--peer', '::/0');
  expect(found).toMatchObject({ exit: 1, ranges: [] });
  expect(found.said).toContain('ipv4 alone has 40000-50000: --families ipv4 asks about it');
});

test('an address of IPv4 in the form of IPv6 is one of IPv4', async () => {
  const text = 'acl a\n out 1 allow all any any\n in 1 allow tcp 40000-50000 10.0.0.1';
  expect(await ask({ name: 'acls.txt', text }, '--peer', '::ffff:10.0.0.1')).toMatchObject({ ranges: ['40000-50000'] });
});
