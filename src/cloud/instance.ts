import { type Cidr, readBlock } from '../addresses.ts';
import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import type { Metadata } from './metadata.ts';

const MAC = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/;
const MOST_INTERFACES = 256;
const LINES = /\r?\n/;

/** A network interface of this instance, as metadata describes it. */
export interface InstanceInterface {
  readonly mac: string;
  readonly card: number;
  readonly device: number;
}

/** Where in the network this instance stands, by its first interface. */
export interface InstancePlace {
  readonly region: string;
  readonly vpc: string;
  readonly subnet: string;
  /** The VPC's primary IPv4 block. */
  readonly vpcBlock: Cidr;
}

/**
 * The interfaces in the order of network card and device number: the first is the one that the instance was started with.
 * Throws CLOUD where metadata has none, or something else in its place.
 */
export async function instanceInterfaces(metadata: Metadata): Promise<readonly InstanceInterface[]> {
  const root = 'network/interfaces/macs/';
  const names = (await needed(metadata, root)).trim().split(LINES, MOST_INTERFACES + 1);
  if (names.length > MOST_INTERFACES) throw odd(metadata, root, `more than ${MOST_INTERFACES} interfaces`);
  const found = await Promise.all(
    names.map(async (name) => {
      const mac = name.replace(/\/$/, '');
      if (!MAC.test(mac)) throw odd(metadata, root, name);
      const [device, card] = await Promise.all([
        small(metadata, `${root}${mac}/device-number`),
        small(metadata, `${root}${mac}/network-card`),
      ]);
      // An interface that is being attached has no number yet.
      return device === undefined ? [] : [{ mac, device, card: card ?? 0 }];
    }),
  );
  const interfaces = found.flat().sort((a, b) => a.card - b.card || a.device - b.device);
  if (interfaces.length === 0) throw odd(metadata, root, 'no interface with a device number');
  return interfaces;
}

/** Region, VPC and subnet of this instance's first interface. Throws CLOUD. */
export async function instancePlace(metadata: Metadata): Promise<InstancePlace> {
  const at = await firstInterface(metadata);
  const [region, vpc, subnet, vpcBlock] = await Promise.all([
    checked(metadata, 'placement/region', /^[a-z]{2,4}(?:-[a-z]{2,16}){1,3}-\d{1,2}$/),
    checked(metadata, `${at}vpc-id`, /^vpc-[0-9a-f]{8,17}$/),
    checked(metadata, `${at}subnet-id`, /^subnet-[0-9a-f]{8,17}$/),
    primaryBlock(metadata),
  ]);
  return { region, vpc, subnet, vpcBlock };
}

/** The VPC's primary IPv4 block, /16 to /28 (VPC user guide, "VPC CIDR blocks"). Throws CLOUD. */
export async function primaryBlock(metadata: Metadata): Promise<Cidr> {
  const at = await firstInterface(metadata);
  const single = `${at}vpc-ipv4-cidr-block`;
  const item = (await metadata.read(single)) === undefined ? `${single}s` : single;
  const text = (await needed(metadata, item)).trim().split(LINES)[0] ?? '';
  const length = Number(text.split('/')[1]);
  if (text.includes(':') || readBlock(text) !== text || length < 16 || length > 28) throw odd(metadata, item, text);
  return text;
}

async function firstInterface(metadata: Metadata): Promise<string> {
  const [first] = await instanceInterfaces(metadata);
  return `network/interfaces/macs/${first?.mac}/`;
}

async function needed(metadata: Metadata, item: string): Promise<string> {
  const text = await metadata.read(item);
  if (text === undefined)
    throw new PortfenceError('CLOUD', `EC2 metadata has no ${item}`, {
      hint: 'is this an instance in a VPC? EC2-Classic and other services do not tell it',
    });
  return text;
}

async function checked(metadata: Metadata, item: string, form: RegExp): Promise<string> {
  const text = (await needed(metadata, item)).trim();
  if (!form.test(text)) throw odd(metadata, item, text);
  return text;
}

async function small(metadata: Metadata, item: string): Promise<number | undefined> {
  const text = (await metadata.read(item))?.trim();
  if (text === undefined) return undefined;
  if (!/^\d{1,3}$/.test(text)) throw odd(metadata, item, text);
  return Number(text);
}

function odd({ endpoint }: Metadata, item: string, text: string): PortfenceError {
  return new PortfenceError('CLOUD', `EC2 metadata at ${endpoint} tells something odd for ${item}: '${scrub(text)}'`, {
    hint: 'is there another service at this address?',
  });
}
