import { expect, test } from 'vitest';
import { findSide } from '../../src/acl/find-side.ts';
import type { AclInventory } from '../../src/acl/model.ts';
import { acl } from './sample-acl.ts';

const inventory: AclInventory = {
  acls: [
    acl('acl-web', [], { subnets: ['subnet-web'] }),
    acl('acl-default-1', [], { isDefault: true }),
    acl('acl-default-2', [], { isDefault: true, vpc: 'vpc-2' }),
    acl('acl-both', [], { subnets: ['subnet-both', 'subnet-twice'] }),
    acl('acl-other', [], { subnets: ['subnet-twice'] }),
  ],
  subnets: [{ id: 'subnet-plain', vpc: 'vpc-2', blocks: ['10.0.9.0/24'] }],
  unjudged: [],
};

test('the ACL that names the subnet serves it, else the default ACL of its VPC, and that is told', () => {
  expect(findSide(inventory, { subnet: 'subnet-web' })).toMatchObject({ side: { acl: { id: 'acl-web' } } });
  expect(findSide(inventory, { subnet: 'subnet-plain' })).toMatchObject({
    side: { acl: { id: 'acl-default-2' }, blocks: ['10.0.9.0/24'] },
    note: 'no ACL names subnet-plain, so the default ACL of vpc-2 is its: acl-default-2',
  });
  expect(findSide(inventory, { subnet: 'subnet-new', vpc: 'vpc-1' }).side.acl.id).toBe('acl-default-1');
  expect(findSide({ ...inventory, acls: inventory.acls.slice(0, 2) }, { subnet: 'x' }).side.acl.id).toBe(
    'acl-default-1',
  );
  expect(findSide({ ...inventory, acls: inventory.acls.slice(0, 1) }, {}).side.subnet).toBe('subnet-web');
});

test.each([
  ['several defaults', { subnet: 'subnet-new' }, /no ACL names subnet-new, and there are default ACLs of several VPCs/],
  ['no default', { subnet: 'subnet-new', vpc: 'vpc-3' }, /there is no default ACL of vpc-3/],
  ['no such ACL', { acl: 'acl-nope\u001b[2J' }, /there is no network ACL acl-nope\?\[2J$/],
  [
    'two that claim it',
    { subnet: 'subnet-twice' },
    /subnet-twice is given to several ACLs: acl-both \(vpc-1\), acl-other/,
  ],
  ['nothing said', {}, /it is not said which ACL is meant/],
])('it is refused to guess: %s', (_, request, message) => {
  expect(() => findSide(inventory, request)).toThrow(message);
});

test('blocks that are given win over those that were read, and the VPC’s block tells its resolver', () => {
  const { side } = findSide(inventory, { subnet: 'subnet-plain', blocks: ['10.1.0.0/24'], vpcBlock: '10.0.0.0/16' });
  expect([side.blocks, side.resolvers]).toEqual([['10.1.0.0/24'], ['10.0.0.2/32']]);
});
