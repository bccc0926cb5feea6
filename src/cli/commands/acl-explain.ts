import { addressBlock, familyOf } from '../../acl/address-block.ts';
import type { AclInventory, Side } from '../../acl/model.ts';
import { PROTOCOL_NUMBERS } from '../../acl/services.ts';
import { blockHas } from '../../addresses.ts';
import { EXIT } from '../../errors.ts';
import { parseEnds } from '../../plan/flow-text.ts';
import { scrub } from '../../scrub.ts';
import { type AclOptions, named, onlySubnet, sidesOf, withAclSide } from '../acl-question.ts';
import { readAclSource } from '../acl-source.ts';
import type { AddCommand, CommonFlags } from '../context.ts';

interface Options extends CommonFlags, AclOptions {}

export const addAclExplain: AddCommand = (acl, context, respond) => {
  withAclSide(acl.command('explain <flow>'))
    .description(
      "one connection and its answer, entry by entry: 'tcp 10.0.1.10:40001 > 203.0.113.10:443'; exit 1 when no answer comes",
    )
    .option('--peer-subnet <id>', "the peer's subnet, or the NAT gateway's: its ACL is passed as well", named)
    .option('--json', 'one JSON document')
    .action(async (text: string, options: Options) => {
      const flow = parseEnds(text);
      const [{ walkFlow }, report] = await Promise.all([
        import('../../acl/walk-flow.ts'),
        import('../../report/acl-explain.ts'),
      ]);
      const source = await readAclSource(context, options);
      const subnet =
        onlySubnet(options) ?? (options.acl === undefined ? subnetWith(source.inventory, flow.source) : undefined);
      const sides = sidesOf(source, subnet === undefined ? options : { ...options, subnet: [subnet] });
      const { own, peer, unjudged } = sides;
      const notes = [...sides.notes, ...strangerNotes(own, flow.source)];
      for (const note of notes) context.say(`note: ${note}`);
      const walked = walkFlow({
        ...{ own, peer },
        source: hostBlock(flow.source),
        destination: hostBlock(flow.destination),
        service: { protocol: PROTOCOL_NUMBERS[flow.protocol], port: flow.destinationPort },
        sourcePort: flow.sourcePort,
      });
      const fine = walked.verdict === 'pass' && unjudged.length === 0;
      const found = { flow, ...walked, unjudged, notes };
      respond({ exit: fine ? EXIT.fine : EXIT.no, ...report.aclExplainedText(found) }, options.json ?? false);
    });
};

/** The only subnet that the address is in. */
function subnetWith({ subnets }: AclInventory, address: string): string | undefined {
  const [only, second] = subnets.filter(({ blocks }) => blocks.some((block) => blockHas(block, address)));
  return second ? undefined : only?.id;
}

/** The walk is right for whoever is in the subnet; nobody with another address is. */
function strangerNotes({ acl, subnet, blocks }: Side, address: string): readonly string[] {
  const known = blocks.filter((block) => familyOf(block) === familyOf(address));
  if (known.length === 0 || known.some((block) => blockHas(block, address))) return [];
  return [`${address} is not in ${scrub(subnet ?? `the subnet of ${acl.id}`)} (${known.join(', ')})`];
}

/** The address, in canonical text, as a block of one. */
const hostBlock = (address: string) => addressBlock(`${address}/${familyOf(address) === 'ipv4' ? 32 : 128}`);
