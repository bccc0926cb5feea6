import { expect, test, vi } from 'vitest';
import { readAclFiles } from '../../../src/acl/readers/read.ts';
import { PortfenceError } from '../../../src/errors.ts';

const MB = 1024 * 1024;
const SLOWEST_MS = 60_000;

vi.setConfig({ testTimeout: 120_000 });

function refusal(text: string): string {
  try {
    readAclFiles([{ name: 'huge', text }]);
    return 'read';
  } catch (error) {
    if (error instanceof PortfenceError && error.code === 'ACL_FILE' && error.hint !== undefined) return error.message;
    throw error;
  }
}

/** Output of aws of nearly so many bytes: ACLs with 100 entries each, several a page. */
function awsPages(bytes: number): { text: string; acls: number } {
  const entries = Array.from({ length: 100 }, (_, i) => ({
    CidrBlock: `10.${i}.0.0/16`,
    Egress: i % 2 === 0,
    PortRange: { From: i, To: 61_000 },
    Protocol: '6',
    RuleAction: 'allow',
    RuleNumber: i + 1,
  }));
  const acl = JSON.stringify({
    Associations: [],
    Entries: entries,
    IsDefault: false,
    NetworkAclId: '@',
    VpcId: 'vpc-1',
  });
  const count = Math.floor(bytes / (acl.length + 40));
  const pages: string[] = [];
  for (let i = 0; i < count; i += 50) {
    const page = Array.from({ length: Math.min(50, count - i) }, (_, j) => acl.replace('@', `acl-${i + j}`));
    pages.push(`{"NetworkAcls":[${page.join(',')}]}`);
  }
  return { text: pages.join('\n'), acls: count };
}

test('nearly 50 MB of aws output are read, every ACL of them', () => {
  const { text, acls } = awsPages(49 * MB);
  const start = performance.now();
  const inventory = readAclFiles([{ name: 'huge', text }]);
  expect(inventory.acls).toHaveLength(acls);
  expect(inventory.acls.every(({ entries }) => entries.length === 100)).toBe(true);
  expect(performance.now() - start).toBeLessThan(SLOWEST_MS);
  console.log(`${(text.length / MB).toFixed(0)} MB, ${acls} ACLs: ${(performance.now() - start).toFixed(0)} ms`);
});

test('a table of 150,000 rules is read', () => {
  const rules = Array.from({ length: 1000 }, (_, i) => `in ${i} allow tcp ${i}-61000 10.${i % 250}.0.0/16`).join('\n');
  const count = 150;
  const text = Array.from({ length: count }, (_, i) => `acl a${i}\n${rules}`).join('\n');
  expect(readAclFiles([{ name: 'huge', text }]).acls).toHaveLength(count);
});

test('more than 50 MB are refused before anything is read', () => {
  expect(refusal(' '.repeat(50 * MB + 1))).toBe('huge: more than 50 MB');
});

test.each([
  ['brackets', '['],
  ['mappings', '{"a":'],
  ['pages', '{}'],
  ['numbers', '1'],
  ['quotes', '"'],
  ['backslashes in a text', '{"\\'],
  ['dashes', '- '],
  ['keys of YAML', 'a:\n'],
  ['keys in keys', 'a: '],
  ['aliases', '*a '],
  ['tags', '!a '],
  ['spaces', ' '],
  ['lines', '\n'],
  ['signs of comments', '#'],
  ['words of a table', 'acl a\n'],
  ['subnets', 'subnet a\n'],
  ['nothing that is printed', '\0'],
])('50 MB of %s end in an answer in time', (_, piece) => {
  const began = performance.now();
  refusal(piece.repeat(Math.floor((50 * MB) / piece.length)));
  for (const length of [1000, MB - 100])
    for (const start of ['', 'Resources:\n']) refusal(start + piece.repeat(Math.ceil(length / piece.length)));
  const took = performance.now() - began;
  if (took > 1000) console.log(`${piece}: ${took.toFixed(0)} ms`);
  expect(took).toBeLessThan(SLOWEST_MS);
});

test('aliases that multiply are refused', () => {
  const lines = [
    'Resources: 1',
    'a0: &a0 [x, x]',
    ...Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`),
  ];
  expect(refusal(lines.join('\n'))).toContain('an alias');
});

test('a plan whose rules and ACLs could all belong together ends in time', () => {
  const change = (type: string, name: string, index: number) => ({
    ...{ address: `${type}.${name}[${index}]`, mode: 'managed', type, name, index },
    change: {
      actions: ['create'],
      after: { rule_number: 1, rule_action: 'allow', protocol: '-1', cidr_block: '0.0.0.0/0' },
      after_unknown: { id: true, network_acl_id: true },
    },
  });
  const many = (type: string) => Array.from({ length: 20_000 }, (_, i) => change(type, i % 2 === 0 ? 'a' : `b${i}`, i));
  const all = Array.from({ length: 150 }, (_, i) => `v${i}`);
  const outputs = Object.fromEntries(all.map((name) => [name, { expression: { references: ['var.x'] } }]));
  const expressions = { x: { references: all.map((name) => `module.m.${name}`) } };
  const references = ['aws_network_acl.a', 'module.m.v1'];
  const resources = many('aws_network_acl_rule').map(({ type, name, mode }) => ({
    ...{ type, name, mode },
    expressions: { network_acl_id: { references } },
  }));
  const text = JSON.stringify({
    format_version: '1.2',
    resource_changes: [
      { ...change('aws_vpc', 'v', 0), module_address: 'module.m' },
      ...many('aws_network_acl'),
      ...many('aws_network_acl_rule'),
    ],
    configuration: { root_module: { resources, module_calls: { m: { expressions, module: { outputs } } } } },
  });
  const began = performance.now();
  const { unjudged } = readAclFiles([{ name: 'trap', text }]);
  expect(unjudged).toEqual([
    expect.objectContaining({ reason: expect.stringMatching(/^20000 rules may be for any ACL/) }),
  ]);
  expect(performance.now() - began).toBeLessThan(SLOWEST_MS);
});
