import { HIGHEST_PORT, type PortRange, rangeText } from '../../ports.ts';
import { fault, type Reading } from '../finding.ts';
import { displayed } from '../problem.ts';

const EXAMPLE = 'write a range like 49152-61000';
const RANGE = /^(\d+)\s*-\s*(\d+)$/;
const OTHER_DASH = /^(\d+)(?:\s*(?::|\u2010|\u2011|\u2012|\u2013|\u2014|\.{2,3}|to)\s*|\s+)(\d+)$/;

/** Reads `443` or `49152-61000` (ports inclusive), none below `lowest`. */
export function readPolicyRange(text: string, lowest: number): Reading<PortRange> {
  const found = text.trim();
  if (found === '') return fault('an empty text is no range', EXAMPLE);
  if (found.includes(','))
    return fault(`${displayed(found)} is several ranges in one text`, `write a list: [${listed(found)}]`);
  const [, from, to] = RANGE.exec(found) ?? [];
  if (from !== undefined && to !== undefined) return checkRange(from, to, found, lowest);
  if (/^\d+$/.test(found)) return checkRange(found, found, found, lowest);
  const [, first, second] = OTHER_DASH.exec(found) ?? [];
  if (first !== undefined && second !== undefined)
    return fault(`${displayed(found)} is not written as a range`, `write ${repair(first, second, lowest)}`);
  if (/^\d+\s*-$/.test(found)) return fault(`${displayed(found)} has no end`, EXAMPLE);
  return oddNumber(found, lowest);
}

function checkRange(fromText: string, toText: string, found: string, lowest: number): Reading<PortRange> {
  const from = Number(fromText);
  const to = Number(toText);
  const text = displayed(found);
  const write = `write ${repair(fromText, toText, lowest)}`;
  if (hasLeadingZero(fromText) || hasLeadingZero(toText)) return fault(`${text} has leading zeros`, write);
  if (Math.max(from, to) === 0) return fault('0 is not a port', write);
  if (from > to) return fault(`${text} runs backwards`, write);
  const low = from < lowest;
  const high = to > HIGHEST_PORT;
  if (low && high) return fault(`${text} reaches below ${lowest} and above ${HIGHEST_PORT}`, write);
  if (low && from === to) return fault(`${text} is below ${lowest}, the lowest port allowed here`, write);
  if (low) return fault(`${text} reaches below ${lowest}, the lowest port allowed here`, write);
  if (high && from === to) return fault(`${text} is above ${HIGHEST_PORT}, the highest port`, write);
  if (high) return fault(`${text} reaches above ${HIGHEST_PORT}, the highest port`, write);
  return { value: { from, to } };
}

/** The range that was most likely meant: in order, within the bounds; words where nothing of it lies within. */
function repair(a: string, b: string, lowest: number): string {
  const from = Math.max(lowest, Math.min(Number(a), Number(b)));
  const to = Math.min(HIGHEST_PORT, Math.max(Number(a), Number(b)));
  return from <= to ? rangeText({ from, to }) : `ports from ${lowest} to ${HIGHEST_PORT}`;
}

function oddNumber(found: string, lowest: number): Reading<PortRange> {
  const text = displayed(found);
  if (/^[-+]\d+$/.test(found)) return fault(`${text} has a sign, ports have none`, EXAMPLE);
  const value = numberValue(found);
  if (value === undefined) return fault(`${text} is neither a port nor a range of ports`, EXAMPLE);
  if (!Number.isInteger(value)) return fault(`${text} is not a whole number`, EXAMPLE);
  const fits = value >= lowest && value <= HIGHEST_PORT;
  return fault(`${text} is not written in plain digits`, fits ? `write ${value}` : EXAMPLE);
}

/** What other notations mean: `0x400`, `0o2000`, `1e3`, `49_152`, `49152.0`. */
function numberValue(found: string): number | undefined {
  const digits = found.replaceAll(/(?<=\d)_(?=\d)/g, '');
  if (!/^(?:0x[\da-f]+|0o[0-7]+|0b[01]+|\d+(?:\.\d*)?(?:e[-+]?\d{1,2})?)$/i.test(digits)) return undefined;
  return Number(digits);
}

function hasLeadingZero(digits: string): boolean {
  return digits.length > 1 && digits.startsWith('0');
}

function listed(found: string): string {
  return displayed(
    found
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .join(', '),
  );
}
