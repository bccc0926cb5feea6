import { type Command, InvalidArgumentError, Option } from 'commander';
import { type AddressBlock, addressBlock, blocksOf, familyOf } from '../acl/address-block.ts';
import { findSide } from '../acl/find-side.ts';
import type { AclInventory, Side, Unjudged } from '../acl/model.ts';
import { possibleAcls } from '../acl/possible-acls.ts';
import type { Question } from '../acl/question.ts';
import { PROTOCOL_NUMBERS, readService, type Service } from '../acl/services.ts';
import { type Cidr, readAddress, readBlock } from '../addresses.ts';
import { PortfenceError } from '../errors.ts';
import { FAMILIES, type Family, HIGHEST_PORT, PROTOCOLS, type Protocol } from '../ports.ts';
import { scrub } from '../scrub.ts';
import { type PeersRequest, peersOf } from './acl-peers.ts';
import { type AclSource, type AclSourceOptions, readAclSource, withAclSource } from './acl-source.ts';
import type { Context } from './context.ts';

export interface AclOptions extends AclSourceOptions, PeersRequest {
  readonly subnetCidr?: readonly AddressBlock[];
  readonly vpcCidr?: AddressBlock;
  readonly service?: readonly Service[];
  readonly protocol?: Protocol;
  readonly port?: readonly number[];
}

/** A question as the flags put it, and what a person has to know about how it was put. */
export interface AclAsk {
  readonly question: Question;
  readonly notes: readonly string[];
  /** What could not be judged at all and may change the answer. */
  readonly unjudged: readonly Unjudged[];
}

/** Reads a list. An empty one is no list: a variable of a script was not set, and the default would be another question. */
const gather =
  <T>(read: (text: string) => T) =>
  (text: string, all: readonly T[] = []): readonly T[] => {
    const words = named(text).split(/[\s,]+/);
    return [...all, ...words.filter(Boolean).map(read)];
  };

export function named(text: string): string {
  if (/^[\s,]*$/.test(text)) throw new InvalidArgumentError('it names nothing.');
  return text;
}

/** Adds the flags that say which ACL. */
export function withAclSide(command: Command): Command {
  return withAclSource(command)
    .option('--subnet <id>', 'the subnet whose hosts connect', gather(named))
    .option('--acl <id>', 'its ACL, where no subnet is named', named)
    .option(
      '--vpc <id>',
      'the VPC of the subnet, where no ACL names it: the default ACL of that VPC counts then',
      named,
    )
    .option('--subnet-cidr <cidr>', "the subnet's own block; may be repeated", gather(block))
    .option('--vpc-cidr <cidr>', "the VPC's primary IPv4 block: its resolver (+ 2) is never filtered", block);
}

/** Adds the flags that say who connects where. */
export function withAclQuestion(command: Command): Command {
  return withAclSide(command)
    .option(
      '--peer <cidr>',
      'whom they connect to, a block or an address; may be repeated (default: everywhere)',
      gather(block),
    )
    .option(
      '--peer-subnet <id>',
      "the peer's subnet, or with --peer the NAT gateway's: its ACL has to let the same packets pass",
      named,
    )
    .option(
      '--service <port/protocol>',
      'what they connect to, like 443/tcp; may be repeated (default: 443/tcp)',
      gather(service),
    )
    .addOption(new Option('--protocol <name>', 'with --port: tcp, udp or sctp (default: tcp)').choices(PROTOCOLS))
    .option('--port <port>', "the service's port; may be repeated", gather(port))
    .option(
      '--families <list>',
      'ipv4,ipv6 (default: those of the peers; where none is named, those that the ACL lets out and in)',
      gather(family),
    );
}

/** Both sides, as flags and source name them. */
export interface AclSides {
  readonly own: Side;
  readonly peer: Side | undefined;
  /** How sides were found that nothing names. */
  readonly notes: readonly string[];
  /** What could not be judged at all and may change an answer about these sides. */
  readonly unjudged: readonly Unjudged[];
}

/** Reads the source and puts the question. Throws USAGE and ACL with what is missing. */
export async function askAcl(context: Context, options: AclOptions): Promise<AclAsk> {
  return askAbout(await readAclSource(context, options), options);
}

/** The same about what was read already. */
export function askAbout(source: AclSource, options: AclOptions): AclAsk {
  const { own, peer, notes, unjudged } = sidesOf(source, options);
  const asked = peersOf(options, own, peer);
  const question = { own, peer, services: servicesOf(options), peers: asked.peers };
  return { question, notes: [...notes, ...asked.notes], unjudged };
}

/** Finds both sides. Throws ACL where one can't be told. */
export function sidesOf(source: AclSource, options: AclOptions): AclSides {
  const { inventory } = source;
  const own = ownSide(source, options);
  const peer = options.peerSubnet === undefined ? undefined : findSide(inventory, { subnet: options.peerSubnet });
  const sides = [own.side, ...(peer ? [peer.side] : [])];
  const ids = [...own.ids, ...(peer?.ids ?? [])];
  const bySubnet = (options.acl === undefined && own.side.subnet !== undefined) || peer !== undefined;
  const concerns = ({ acl, about }: Unjudged): boolean =>
    (acl === undefined || ids.includes(acl)) && (about !== 'subnets' || bySubnet);
  return {
    own: own.side,
    peer: peer?.side,
    notes: [...[own.note, peer?.note].filter((note) => note !== undefined), ...readNotes(inventory, sides)],
    unjudged: [...inventory.unjudged.filter(concerns), ...untried(sides)],
  };
}

/** What the answer takes for granted. */
function readNotes({ warnings = [] }: AclInventory, sides: readonly Side[]): readonly string[] {
  const assumed = [...new Set(sides.flatMap(({ acl }) => acl.assumed ?? []))];
  const words = `assumed, since no other value is given: ${assumed.map(scrub).join(', ')} (defaults of the template; --parameter NAME=VALUE)`;
  return [...warnings.map(scrub), ...(assumed.length > 0 ? [words] : [])];
}

/** More combinations of open conditions than are tried. */
function untried(sides: readonly Side[]): readonly Unjudged[] {
  const { tried, complete } = possibleAcls(sides.map(({ acl }) => acl));
  const [side] = sides;
  if (complete || !side) return [];
  const reason = `${tried} combinations of open conditions were tried, and there are more: --parameter decides some`;
  return [{ reason, place: side.acl.place, acl: side.acl.id }];
}

/** The one subnet that is named. Throws USAGE where there are several. */
export function onlySubnet({ subnet = [] }: AclOptions): string | undefined {
  const [only, second] = subnet;
  if (second !== undefined)
    throw new PortfenceError('USAGE', 'this command is about one subnet, and --subnet names several', {
      hint: 'portfence acl ranges asks about several at once',
    });
  return only;
}

/** Our own side, as the flags or the source name it. */
function ownSide({ inventory, ...here }: AclSource, options: AclOptions): ReturnType<typeof findSide> {
  const { acl, vpc, subnetCidr = [], vpcCidr } = options;
  const subnet = onlySubnet(options);
  return findSide(inventory, {
    acl,
    vpc,
    subnet: subnet ?? (acl === undefined ? here.subnet : undefined),
    blocks: subnetCidr.map(({ cidr }) => cidr),
    vpcBlock: vpcCidr?.cidr ?? here.vpcBlock,
  });
}

function servicesOf({ service = [], protocol, port = [] }: AclOptions): readonly Service[] {
  if (protocol !== undefined && port.length === 0)
    throw new PortfenceError('USAGE', `--protocol ${protocol} goes with --port`, {
      hint: `name the service's port too: --protocol ${protocol} --port 443, or --service 443/${protocol}`,
    });
  const ports = port.map((one) => ({ protocol: PROTOCOL_NUMBERS[protocol ?? 'tcp'], port: one }));
  const all = [...service, ...ports];
  if (all.length === 0) return [{ protocol: PROTOCOL_NUMBERS.tcp, port: 443 }];
  return [...new Map(all.map((one) => [`${one.port}/${one.protocol}`, one])).values()];
}

function block(text: string): AddressBlock {
  const address = readAddress(text);
  const cidr: Cidr | undefined = address ? `${address}/${familyOf(address) === 'ipv4' ? 32 : 128}` : readBlock(text);
  if (cidr === undefined) throw new InvalidArgumentError('write a block like 203.0.113.0/24, or an address.');
  return mappedToIpv4(addressBlock(cidr));
}

/** `::ffff:10.0.0.1` travels as IPv4 (RFC 4291, section 2.5.5.2). */
function mappedToIpv4(block: AddressBlock): AddressBlock {
  const within = block.family === 'ipv6' && block.from >> 32n === 0xffffn && block.to >> 32n === 0xffffn;
  if (!within) return block;
  const [cidr] = blocksOf({ from: block.from & 0xffffffffn, to: block.to & 0xffffffffn }, 'ipv4');
  return cidr === undefined ? block : addressBlock(cidr);
}

function service(text: string): Service {
  const read = readService(text);
  if (!read) throw new InvalidArgumentError('write a port and a protocol, like 443/tcp or 53/udp.');
  return read;
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number < 1 || number > HIGHEST_PORT)
    throw new InvalidArgumentError(`write a port from 1 to ${HIGHEST_PORT}.`);
  return number;
}

function family(text: string): Family {
  const read = FAMILIES.find((one) => one === text.toLowerCase());
  if (!read) throw new InvalidArgumentError(`write ${FAMILIES.join(' or ')}.`);
  return read;
}
