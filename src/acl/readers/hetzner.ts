import { FAMILIES, type Family } from '../../ports.ts';
import type { AclEntry, AclInventory, Direction, NetworkAcl } from '../model.ts';
import { emptyDraft } from './draft.ts';
import { type Element, field, isMapping, items, mapping } from './element.ts';
import { otherEntries, otherProtocol, portsOfText, remoteOf } from './other-entry.ts';
import { aclFileError, shown } from './problem.ts';

/** Whether a document is the firewall of a dedicated server, as Hetzner's Robot answers. */
export function isHetzner({ value }: Element): boolean {
  const firewall = isMapping(value) ? (value['firewall'] ?? value['firewall_template']) : undefined;
  return isMapping(firewall) && isMapping(firewall['rules']);
}

/**
 * Reads a firewall or a template of one (Hetzner, "Robot Webservice", GET /firewall/{server-id}): from above, first match, else discarded.
 * What is switched off lets everything through. Throws ACL_FILE.
 */
export function readHetzner(documents: readonly Element[]): AclInventory {
  return { acls: documents.map(aclOf), subnets: [], unjudged: [] };
}

function aclOf(document: Element): NetworkAcl {
  const firewall = mapping(field(document, 'firewall') ?? field(document, 'firewall_template') ?? document);
  const { place } = firewall;
  const name = field(firewall, 'server_ip') ?? field(firewall, 'name');
  const draft = emptyDraft({ id: String(name?.value ?? `firewall of ${place.file}`), exempts: 'none', place });
  const rules = field(firewall, 'rules');
  const isOff = field(firewall, 'status')?.value === 'disabled';
  const own = field(firewall, 'server_ip')?.value;
  for (const [key, direction] of [
    ['input', 'inbound'],
    ['output', 'outbound'],
  ] as const) {
    const list = rules && field(rules, key);
    // Without rules of its own, what leaves is not filtered.
    if (isOff || (direction === 'outbound' && (list === undefined || items(list).length === 0)))
      draft.entries.push(...open(direction, FAMILIES, firewall));
    else {
      for (const [i, rule] of items(list).entries()) draft.entries.push(...ruleEntries(rule, direction, { i, own }));
      if (field(firewall, 'filter_ipv6')?.value === false) {
        const ipv4 = draft.entries.filter((one) => one.direction !== direction || one.family === 'ipv4');
        draft.entries.splice(0, draft.entries.length, ...ipv4, ...open(direction, ['ipv6'], firewall));
      }
    }
  }
  return draft;
}

function open(direction: Direction, families: readonly Family[], { place }: Element): readonly AclEntry[] {
  return families.flatMap((family) =>
    otherEntries({ place, direction, number: 1, allow: true, protocol: 'all', remote: undefined, family }),
  );
}

function ruleEntries(
  rule: Element,
  direction: Direction,
  { i, own }: { i: number; own: unknown },
): readonly AclEntry[] {
  const action = field(mapping(rule), 'action')?.value;
  if (action !== 'accept' && action !== 'discard')
    throw aclFileError(rule.place, `${shown(action)} is no action`, 'write accept or discard');
  const flags = String(field(rule, 'tcp_flags')?.value ?? '');
  // A connection opens with a packet that bears no ACK; every answer bears it (RFC 9293, section 3.5).
  if (flags === 'ack' && direction === 'outbound') return [];
  const [theirs, ours] = direction === 'inbound' ? ['src', 'dst'] : ['dst', 'src'];
  const [remote, local] = [field(rule, `${theirs}_ip`), field(rule, `${ours}_ip`)];
  const isOwn = local === undefined || String(local.value).replace(/\/32$/, '') === own;
  const doubt =
    flags !== '' && flags !== 'ack'
      ? `only packets with the flags ${flags}`
      : isOwn
        ? undefined
        : `only packets of our address ${shown(local?.value)}`;
  const [ports, sourcePorts] = [field(rule, 'dst_port'), field(rule, 'src_port')];
  const version = field(rule, 'ip_version')?.value;
  return otherEntries({
    ...{ place: rule.place, direction, number: i + 1, allow: action === 'accept', doubt },
    protocol: otherProtocol(field(rule, 'protocol')),
    remote: remote && remoteOf(remote),
    family: version === 'ipv4' || version === 'ipv6' ? version : undefined,
    ports: ports && portsOfText(ports),
    sourcePorts: sourcePorts && portsOfText(sourcePorts),
  });
}
