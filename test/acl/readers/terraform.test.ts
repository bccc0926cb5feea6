import { describe, expect, test } from 'vitest';
import type { AclInventory } from '../../../src/acl/model.ts';
import { readAclFiles } from '../../../src/acl/readers/read.ts';

type Json = Readonly<Record<string, unknown>>;

interface Change {
  readonly at: string;
  readonly module?: string;
  readonly index?: string | number;
  readonly actions?: readonly string[];
  readonly before?: Json;
  readonly after?: Json | null;
  readonly unknown?: Json;
}

/** A plan; changes and configuration are named by `type.name`. */
function plan(changes: readonly Change[], configuration: Json = {}, more: Json = {}): AclInventory {
  const resource_changes = changes.map(
    ({ at, module, index, actions = ['create'], before, after = {}, unknown = {} }) => {
      const [type = '', name = ''] = at.split('.');
      const key = index === undefined ? '' : `[${JSON.stringify(index)}]`;
      return {
        address: `${module === undefined ? '' : `${module}.`}${at}${key}`,
        ...(module === undefined ? {} : { module_address: module }),
        ...(index === undefined ? {} : { index }),
        ...{ mode: 'managed', type, name },
        change: { actions, before: before ?? null, after, after_unknown: unknown },
      };
    },
  );
  const text = JSON.stringify({
    format_version: '1.2',
    resource_changes,
    configuration: { root_module: configuration },
    ...more,
  });
  return readAclFiles([{ name: 'plan', text }]);
}

function config(
  expressions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>,
  more: Json = {},
): Json {
  const resources = Object.entries(expressions).map(([at, attributes]) => {
    const [type, name] = at.split('.');
    const refs = Object.entries(attributes).map(([key, references]) => [key, { references }]);
    return { mode: 'managed', type, name, expressions: Object.fromEntries(refs) };
  });
  return { resources, ...more };
}

const RULE = {
  rule_number: 10,
  rule_action: 'allow',
  protocol: 'tcp',
  cidr_block: '0.0.0.0/0',
  from_port: 1,
  to_port: 2,
};
const LATER = { id: true, network_acl_id: true };
const acl = (name: string, more: Partial<Change> = {}): Change => ({
  at: `aws_network_acl.${name}`,
  after: {},
  unknown: { id: true, ingress: true, egress: true, subnet_ids: true },
  ...more,
});
const rule = (name: string, more: Partial<Change> = {}): Change => ({
  at: `aws_network_acl_rule.${name}`,
  after: RULE,
  unknown: LATER,
  ...more,
});
const numbers = ({ acls }: AclInventory) =>
  Object.fromEntries(
    acls.map(({ id, entries }) => [id, entries.filter((one) => !one.presence).map((one) => one.number)]),
  );
const served = ({ acls }: AclInventory) => Object.fromEntries(acls.map(({ id, subnets }) => [id, subnets]));
/** What is not judged at all, and what entries may not be there. */
const doubts = ({ acls, unjudged }: AclInventory) => [
  ...unjudged.map((one) => `${one.acl ?? one.about ?? 'any'}: ${one.reason}`),
  ...acls.flatMap(({ id, entries }) =>
    entries.flatMap((one) => (one.presence ? [`${id}: ${one.presence.unknown}`] : [])),
  ),
];
const WHICH = 'which ACL the rule is for is known only after apply';

describe('the ACL of a rule that is known only after apply', () => {
  const to = (...references: readonly string[]) =>
    config({ 'aws_network_acl.a': {}, 'aws_network_acl_rule.r': { network_acl_id: references } });

  test('is the one resource that the configuration names', () => {
    const read = plan([acl('a'), rule('r')], to('aws_network_acl.a.id', 'aws_network_acl.a'));
    expect(numbers(read)).toEqual({ 'aws_network_acl.a': [10] });
    expect(doubts(read)).toEqual([]);
  });

  test('is the instance that a key names, and no other', () => {
    const read = plan(
      [acl('a', { index: 'x.y' }), acl('a', { index: 'z' }), rule('r')],
      to('aws_network_acl.a["x.y"].id', 'aws_network_acl.a["x.y"]', 'aws_network_acl.a'),
    );
    expect(numbers(read)).toEqual({ 'aws_network_acl.a["x.y"]': [10], 'aws_network_acl.a["z"]': [] });
  });

  test.each([
    ['a key that is computed', ['aws_network_acl.a', 'count.index']],
    [
      'two of them',
      [
        'aws_network_acl.a[0].id',
        'aws_network_acl.a[0]',
        'aws_network_acl.a[1].id',
        'aws_network_acl.a[1]',
        'aws_network_acl.a',
        'var.x',
      ],
    ],
  ])('makes both instances unsure where there is %s', (_, references) => {
    const read = plan([acl('a', { index: 0 }), acl('a', { index: 1 }), rule('r')], to(...references));
    expect(doubts(read)).toEqual(
      expect.arrayContaining([`aws_network_acl.a[0]: ${WHICH}`, `aws_network_acl.a[1]: ${WHICH}`]),
    );
    expect(Object.values(numbers(read)).flat()).toEqual([]);
  });

  test.each([
    ['a local value', ['local.acl']],
    ['a resource that is not there', ['aws_network_acl.gone.id', 'aws_network_acl.gone']],
    ['another attribute', ['aws_network_acl.a.arn', 'aws_network_acl.a']],
    ['nothing', []],
  ])('is every ACL, perhaps, where it hangs on %s', (_, references) => {
    expect(doubts(plan([acl('a'), rule('r')], to(...references)))).toContain(`aws_network_acl.a: ${WHICH}`);
  });

  test('is unsure where another value could stand in for it', () => {
    const read = plan([acl('a'), rule('r')], to('aws_network_acl.a.id', 'aws_network_acl.a', 'var.acl'));
    expect(doubts(read)).toContain(`aws_network_acl.a: ${WHICH}`);
  });

  test('is unsure where what a loop goes over could be the ACL itself', () => {
    const read = plan(
      [acl('a'), rule('r')],
      to('aws_network_acl.a.id', 'aws_network_acl.a', 'each.value.id', 'each.value'),
    );
    expect(doubts(read)).toContain(`aws_network_acl.a: ${WHICH}`);
  });

  test('is the one instance there is, whatever key chooses it', () => {
    const read = plan([acl('a', { index: 0 }), rule('r')], to('aws_network_acl.a', 'count.index'));
    expect(numbers(read)).toEqual({ 'aws_network_acl.a[0]': [10] });
  });

  test('is followed into a module by its output, and out of one by its variable', () => {
    const modules = {
      module_calls: {
        net: {
          module: {
            ...config({ 'aws_network_acl.a': {} }),
            outputs: { acl: { expression: { references: ['aws_network_acl.a.id', 'aws_network_acl.a'] } } },
          },
        },
        rules: {
          expressions: { to: { references: ['module.net.acl', 'module.net'] } },
          module: config({ 'aws_network_acl_rule.r': { network_acl_id: ['var.to'] } }),
        },
      },
    };
    const read = plan([acl('a', { module: 'module.net' }), rule('r', { module: 'module.rules' })], modules);
    expect(numbers(read)).toEqual({ 'module.net.aws_network_acl.a': [10] });
    expect(doubts(read)).toEqual([]);
  });

  test('is unsure where its module has several instances', () => {
    const outputs = { acl: { expression: { references: ['aws_network_acl.a.id', 'aws_network_acl.a'] } } };
    const configuration = {
      ...config({ 'aws_network_acl_rule.r': { network_acl_id: ['module.net.acl', 'module.net'] } }),
      module_calls: { net: { module: { outputs } } },
    };
    const both = [acl('a', { module: 'module.net["x"]' }), acl('a', { module: 'module.net["y"]' })];
    const read = plan([...both, rule('r')], configuration);
    expect(doubts(read).filter((one) => one.endsWith(WHICH))).toHaveLength(2);
    const keyed = {
      ...configuration,
      ...config({
        'aws_network_acl_rule.r': { network_acl_id: ['module.net["y"].acl', 'module.net["y"]', 'module.net'] },
      }),
    };
    expect(numbers(plan([...both, rule('r')], keyed))).toMatchObject({ 'module.net["y"].aws_network_acl.a': [10] });
  });

  test('may be the default ACL of a VPC, managed or not', () => {
    const references = ['aws_vpc.v.default_network_acl_id', 'aws_vpc.v'];
    const vpc = { at: 'aws_vpc.v', unknown: { id: true, default_network_acl_id: true } };
    const bare = plan([vpc, rule('r')], to(...references));
    expect(numbers(bare)).toEqual({ 'aws_vpc.v.default_network_acl_id': [10, 100, 100] });
    expect(doubts(bare)).toEqual([]);
    const configuration = config({
      'aws_network_acl_rule.r': { network_acl_id: references },
      'aws_default_network_acl.d': { default_network_acl_id: references },
    });
    const managed = plan([vpc, acl('x', { at: 'aws_default_network_acl.d' }), rule('r')], configuration);
    expect(managed.acls).toMatchObject([
      { id: 'aws_default_network_acl.d', vpc: 'aws_vpc.v', isDefault: true, entries: [{ number: 10 }] },
    ]);
  });

  test('is the default ACL by the id that it is adopted by', () => {
    const adopted = { default_network_acl_id: 'acl-7', ingress: [], egress: [], subnet_ids: [] };
    const read = plan([{ at: 'aws_default_network_acl.d', after: adopted, unknown: { id: true } }]);
    expect(read.acls.map(({ id }) => id)).toEqual(['acl-7']);
  });

  test('goes round in a circle without end nowhere', () => {
    const circle = {
      a: {
        expressions: { x: { references: ['module.a.y', 'module.a'] } },
        module: {
          ...config({ 'aws_network_acl_rule.r': { network_acl_id: ['var.x'] } }),
          outputs: { y: { expression: { references: ['var.x'] } } },
        },
      },
    };
    expect(doubts(plan([rule('r', { module: 'module.a' })], { module_calls: circle }))).toEqual([]);
  });
});

describe('what a plan changes', () => {
  const inline = (rule_no: number) => ({
    action: 'allow',
    protocol: '6',
    cidr_block: '0.0.0.0/0',
    from_port: 1,
    to_port: 2,
    rule_no,
  });
  const kept = { id: 'acl-1', vpc_id: 'vpc-1' };

  test('what it deletes is gone, also from what a refresh left inline', () => {
    const before = { ...RULE, network_acl_id: 'acl-1' };
    const read = plan(
      [
        acl('a', {
          actions: ['no-op'],
          after: { ...kept, ingress: [inline(10), inline(20)], egress: [] },
          unknown: {},
        }),
        rule('r', { actions: ['delete'], before, after: null }),
      ],
      config({ 'aws_network_acl.a': {} }),
    );
    expect(numbers(read)).toEqual({ 'acl-1': [20] });
  });

  test('a rule that it replaces stands with its new content', () => {
    const [before, after] = [
      { ...RULE, network_acl_id: 'acl-1' },
      { ...RULE, network_acl_id: 'acl-1', to_port: 9 },
    ];
    const read = plan(
      [
        acl('a', { actions: ['no-op'], after: { ...kept, ingress: [inline(10)], egress: [] }, unknown: {} }),
        rule('r', { actions: ['delete', 'create'], before, after, unknown: { id: true } }),
      ],
      config({ 'aws_network_acl.a': {} }),
    );
    expect(read.acls[0]?.entries).toMatchObject([{ number: 10, ports: [{ from: 1, to: 9 }] }]);
  });

  test('what it forgets goes on as it was', () => {
    const before = { ...kept, ingress: [inline(10)], egress: [], subnet_ids: ['s'] };
    const read = plan([acl('a', { actions: ['forget'], before, after: null, unknown: {} })]);
    expect(numbers(read)).toEqual({ 'acl-1': [10] });
    expect(served(read)).toEqual({ 'acl-1': ['s'] });
  });

  test('ports and types of ICMP that are left out are 0, as the provider sends them', () => {
    const bare = { network_acl_id: 'acl-1', rule_action: 'allow', cidr_block: '0.0.0.0/0', from_port: null };
    const of = (protocol: string) =>
      plan([rule('r', { after: { ...bare, rule_number: 1, protocol }, unknown: {} })]).acls[0]?.entries[0];
    expect(of('tcp')).toMatchObject({ ports: [{ from: 0, to: 0 }] });
    expect(of('icmp')).toMatchObject({ icmp: { type: 0, code: 0 } });
  });

  test('a deposed object, which is about to go, counts for nothing', () => {
    const text = JSON.stringify({
      format_version: '1.2',
      resource_changes: [
        {
          ...{ address: 'aws_network_acl.a', type: 'aws_network_acl', name: 'a', deposed: '00000001' },
          change: { actions: ['delete'], before: kept, after: kept },
        },
      ],
    });
    expect(readAclFiles([{ name: 'plan', text }]).acls).toEqual([]);
  });

  test('what only its planned values tell is there too', () => {
    const resource = { address: 'aws_network_acl.a', type: 'aws_network_acl', name: 'a', values: kept };
    const read = plan([], {}, { planned_values: { root_module: { resources: [resource] } } });
    expect(read.acls).toMatchObject([{ id: 'acl-1', vpc: 'vpc-1' }]);
  });

  test('a deleted ACL is gone', () => {
    expect(plan([acl('a', { actions: ['delete'], before: kept, after: null, unknown: {} })]).acls).toEqual([]);
  });

  test('a rule inline and on its own with other content is refused, with what to do', () => {
    const state = [
      { address: 'aws_network_acl.a', type: 'aws_network_acl', name: 'a', values: { ...kept, ingress: [inline(10)] } },
      {
        address: 'aws_network_acl_rule.r',
        type: 'aws_network_acl_rule',
        name: 'r',
        values: { ...RULE, network_acl_id: 'acl-1', to_port: 9 },
      },
    ];
    const text = JSON.stringify({ format_version: '1.0', values: { root_module: { resources: state } } });
    expect(() => readAclFiles([{ name: 'state', text }])).toThrow(
      'state: aws_network_acl.a.ingress[0]: the same rule stands in aws_network_acl_rule.r with other content',
    );
  });

  test('rules inline that are known only after apply make the ACL unsure, where its configuration names any', () => {
    const later = (direction: string) => `aws_network_acl.a: its ${direction} rules are known only after apply`;
    expect(doubts(plan([acl('a')], config({ 'aws_network_acl.a': {} })))).toEqual([]);
    expect(doubts(plan([acl('a')], config({ 'aws_network_acl.a': { egress: ['var.rules'] } })))).toEqual([
      later('outbound'),
    ]);
    const references = ['aws_network_acl.a.id', 'aws_network_acl.a'];
    const ruled = config({ 'aws_network_acl.a': {}, 'aws_network_acl_rule.r': { network_acl_id: references } });
    expect(doubts(plan([acl('a'), rule('r')], ruled))).toEqual([]);
    const both = config({
      'aws_network_acl.a': { ingress: ['var.rules'] },
      'aws_network_acl_rule.r': { network_acl_id: references },
    });
    expect(doubts(plan([acl('a'), rule('r')], both))).toEqual([later('inbound')]);
  });

  test.each([
    [{ complete: false }, 'the plan is not complete'],
    [{ errored: true }, 'the plan ended in an error'],
    [{ deferred_changes: [{ resource_change: { type: 'aws_network_acl_rule' } }] }, 'the plan defers'],
  ])('a plan with %j makes every answer unsure', (more, words) => {
    expect(doubts(plan([], {}, more))).toEqual([expect.stringContaining(`any: ${words}`)]);
  });
});

describe('the subnets of an ACL', () => {
  const subnet = (name: string, more: Partial<Change> = {}): Change => ({
    at: `aws_subnet.${name}`,
    unknown: { id: true },
    ...more,
  });
  const listed = (...references: readonly string[]) => config({ 'aws_network_acl.a': { subnet_ids: references } });

  test('are all that a list names', () => {
    const read = plan(
      [acl('a'), subnet('x'), subnet('y')],
      listed('aws_subnet.x.id', 'aws_subnet.x', 'aws_subnet.y.id', 'aws_subnet.y'),
    );
    expect(served(read)).toEqual({ 'aws_network_acl.a': ['aws_subnet.x', 'aws_subnet.y'] });
  });

  test('are all instances, and unsure, where a list takes them from one resource', () => {
    const read = plan([acl('a'), subnet('x', { index: 0 }), subnet('x', { index: 1 })], listed('aws_subnet.x'));
    expect(served(read)).toEqual({ 'aws_network_acl.a': ['aws_subnet.x[0]', 'aws_subnet.x[1]'] });
    expect(doubts(read)).toContain('subnets: which subnets it serves is known only after apply');
  });

  test('are unsure where a key chooses among those that a list names', () => {
    const names = ['aws_subnet.x.id', 'aws_subnet.x', 'aws_subnet.y.id', 'aws_subnet.y', 'count.index'];
    const read = plan([acl('a'), subnet('x'), subnet('y')], listed(...names));
    expect(doubts(read)).toContain('subnets: which subnets it serves is known only after apply');
  });

  test('can be any where nobody tells', () => {
    expect(doubts(plan([acl('a')], listed('local.subnets')))).toContain(
      'subnets: which subnets it serves is known only after apply',
    );
  });

  test('are those of the associations, also where the ACL still lists them as before', () => {
    const before = { network_acl_id: 'acl-1', subnet_id: 's' };
    const read = plan(
      [
        acl('a', {
          actions: ['no-op'],
          after: { id: 'acl-1', ingress: [], egress: [], subnet_ids: ['s', 't'] },
          unknown: {},
        }),
        acl('b', { actions: ['no-op'], after: { id: 'acl-2', ingress: [], egress: [], subnet_ids: [] }, unknown: {} }),
        {
          at: 'aws_network_acl_association.m',
          actions: ['delete', 'create'],
          before,
          after: { network_acl_id: 'acl-2', subnet_id: 's' },
          unknown: { id: true },
        },
      ],
      config({ 'aws_network_acl.a': {}, 'aws_network_acl.b': {} }),
    );
    expect(served(read)).toEqual({ 'acl-1': ['t'], 'acl-2': ['s'] });
    expect(doubts(read)).toEqual([]);
  });

  test('are not those of an association that goes', () => {
    const before = { network_acl_id: 'acl-1', subnet_id: 's' };
    const read = plan(
      [
        acl('a', {
          actions: ['no-op'],
          after: { id: 'acl-1', ingress: [], egress: [], subnet_ids: ['s', 't'] },
          unknown: {},
        }),
        { at: 'aws_network_acl_association.m', actions: ['delete'], before, after: null },
      ],
      config({ 'aws_network_acl.a': {} }),
    );
    expect(served(read)).toEqual({ 'acl-1': ['t'] });
  });
});
