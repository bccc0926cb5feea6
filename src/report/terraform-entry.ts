import type { NewEntry } from '../acl/fix.ts';
import { protocolText } from '../acl/services.ts';
import { scrub } from '../scrub.ts';

const OWN_ID = /^acl-[0-9a-f]{8,32}$/;
/** A resource of the root module, which can be named from beside it. */
const ADDRESS = /^aws_(?:default_)?network_acl\.[A-Za-z_][\w-]*(?:\[(?:\d+|"[\w.-]+")\])?$/;

/** The same as a resource (Terraform AWS provider, `aws_network_acl_rule`), which must not stand beside inline rules of the ACL. */
export function terraformLines({
  acl,
  direction,
  number,
  family,
  protocol,
  range,
  remote,
}: NewEntry): readonly string[] {
  const fields = [
    ['network_acl_id', aclReference(acl.id)],
    ['rule_number', String(number)],
    ['egress', String(direction === 'outbound')],
    ['protocol', `"${protocolOf(protocol)}"`],
    ['rule_action', '"allow"'],
    [family === 'ipv4' ? 'cidr_block' : 'ipv6_cidr_block', `"${remote}"`],
    ['from_port', String(range.from)],
    ['to_port', String(range.to)],
  ];
  const width = Math.max(...fields.map(([name = '']) => name.length));
  const inline = ADDRESS.test(acl.id) ? [`# where ${scrub(acl.id)} has inline rules, write this as one of them`] : [];
  return [
    ...inline,
    `resource "aws_network_acl_rule" "${resourceName(acl.id)}_${direction}_${number}" {`,
    ...fields.map(([name = '', value = '']) => `  ${name.padEnd(width)} = ${value}`),
    '}',
  ];
}

const LONGEST_NAME = 64;

/** One ACL's entries must not be called as another's. */
function resourceName(id: string): string {
  return `portfence_${id.replace(/[^A-Za-z0-9_]/g, '_').slice(0, LONGEST_NAME)}`;
}

function aclReference(id: string): string {
  if (OWN_ID.test(id)) return `"${id}"`;
  return ADDRESS.test(id) ? `${id}.id` : `var.acl_id # the id of ${scrub(id)}`;
}

/** TCP and UDP by name, every other protocol by number. */
const protocolOf = (protocol: number): string =>
  protocol === 6 || protocol === 17 ? protocolText(protocol) : String(protocol);
