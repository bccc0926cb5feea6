import { Address4, Address6 } from 'ip-address';
import type { Cidr } from '../../addresses.ts';
import { fault, type Reading } from '../finding.ts';
import { displayed } from '../problem.ts';

const EXAMPLE = 'write an address or a block like 10.0.0.0/8';
const MAPPED_BITS = 96;

/** Reads an address or a block into canonical text; a bare address is a block of one (/32, /128). */
export function readPolicyBlock(text: string): Reading<Cidr> {
  const found = text.trim();
  const [address = '', prefix, ...rest] = found.split('/');
  if (rest.length > 0 || address === '' || prefix === '') return notABlock(found);
  if (address.includes('%'))
    return fault(
      `${displayed(found)} names a zone`,
      `write it without ${displayed(address.slice(address.indexOf('%')))}`,
    );
  const version6 = address.includes(':');
  const bits = version6 ? 128 : 32;
  if (!version6 && !/^\d+(?:\.\d+){3}$/.test(address)) return notIPv4(found, address);
  const plain = withoutLeadingZeros(address);
  if (!version6 && plain !== address)
    return fault(
      `${displayed(found)} has leading zeros, which some programs read as octal`,
      rewrite(plain, prefix, bits),
    );
  const parsed = parse(address, version6);
  if (parsed === undefined) return outOfBounds(found, address, version6);
  if (prefix === undefined) return canonical(parsed, bits, found);
  if (/^\d+(?:\.\d+){3}$/.test(prefix)) return masked(found, address, prefix);
  if (!/^\d+$/.test(prefix))
    return fault(`/${displayed(prefix)} in ${displayed(found)} is not a prefix length`, EXAMPLE);
  if (prefix.length > 1 && prefix.startsWith('0'))
    return fault(
      `/${displayed(prefix)} in ${displayed(found)} has leading zeros`,
      rewrite(address, String(Number(prefix)), bits),
    );
  if (Number(prefix) > bits)
    return fault(
      `/${displayed(prefix)} in ${displayed(found)} is longer than the ${bits} bits of an address`,
      `write a length from 0 to ${bits}`,
    );
  return canonical(parsed, Number(prefix), found);
}

function canonical(address: Address4 | Address6, length: number, found: string): Reading<Cidr> {
  const block = `${address.correctForm()}/${length}`;
  const network = (address instanceof Address4 ? new Address4(block) : new Address6(block)).startAddress();
  if (network.correctForm() !== address.correctForm())
    return fault(`${displayed(found)} has host bits`, `write ${network.correctForm()}/${length}`);
  if (address instanceof Address6 && length >= MAPPED_BITS && address.isInSubnet(new Address6('::ffff:0:0/96')))
    return fault(
      `${displayed(found)} is an IPv4 block in IPv6 form`,
      `write ${address.to4().correctForm()}/${length - MAPPED_BITS}`,
    );
  return { value: block };
}

function parse(address: string, version6: boolean): Address4 | Address6 | undefined {
  try {
    return version6 ? new Address6(address) : new Address4(address);
  } catch {
    return undefined;
  }
}

function masked(found: string, address: string, mask: string): Reading<Cidr> {
  const block = maskedBlock(address, mask);
  return fault(
    `${displayed(found)} has a mask instead of a prefix length`,
    block === undefined ? EXAMPLE : `write ${block}`,
  );
}

function maskedBlock(address: string, mask: string): Cidr | undefined {
  try {
    const block = Address4.fromAddressAndMask(address, mask);
    return `${block.startAddress().correctForm()}/${block.subnetMask}`;
  } catch {
    return undefined;
  }
}

function outOfBounds(found: string, address: string, version6: boolean): Reading<Cidr> {
  if (version6) return fault(`${displayed(found)} is not an IPv6 address`, 'write a block like 2001:db8::/32');
  const part = address.split('.').find((octet) => Number(octet) > 255);
  return fault(`${displayed(part ?? address)} in ${displayed(found)} is above 255`, EXAMPLE);
}

function notIPv4(found: string, address: string): Reading<Cidr> {
  if (/^\d+(?:\.\d+){0,2}$/.test(address))
    return fault(`${displayed(found)} is not a whole address`, 'write all four numbers: 10.0.0.0/8');
  if (/^[\d.]+\s*-\s*[\d.]+$/.test(found)) return fault(`${displayed(found)} is a range of addresses`, EXAMPLE);
  if (/^(?:[a-z\d-]+\.)*[a-z][a-z\d-]*\.?$/i.test(address))
    return fault(`${displayed(found)} is a name, and names are not looked up`, EXAMPLE);
  return notABlock(found);
}

function notABlock(found: string): Reading<Cidr> {
  return fault(found === '' ? 'an empty text is no address' : `${displayed(found)} is not an address`, EXAMPLE);
}

function withoutLeadingZeros(address: string): string {
  return address.replaceAll(/(?<![\d])0+(?=\d)/g, '');
}

function rewrite(address: string, prefix: string | undefined, bits: number): string {
  const length = prefix ?? String(bits);
  const reading =
    /^\d+$/.test(length) && Number(length) <= bits ? readPolicyBlock(`${address}/${Number(length)}`) : undefined;
  if (reading && 'value' in reading) return `write ${reading.value}`;
  return reading?.fault.remedy ?? EXAMPLE;
}
