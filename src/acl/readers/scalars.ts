import { isUnknown, type Known } from '../model.ts';
import type { Element, GivenValue } from './element.ts';
import { aclFileError, shown } from './problem.ts';

const WHOLE = /^[+-]?\d{1,12}$/;

/** A whole number within bounds, both inclusive; a text that holds one counts. Throws ACL_FILE for anything else. */
export function wholeNumber(
  given: Exclude<GivenValue, undefined>,
  { what, from, to }: { what: string; from: number; to: number },
): Known<number> {
  if (isUnknown(given)) return given;
  const { value, place } = given;
  const number = typeof value === 'string' && WHOLE.test(value.trim()) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= from && number <= to) return number + 0;
  throw aclFileError(place, `${shown(value)} is no ${what}`, `write a whole number from ${from} to ${to}`);
}

/** True or false; the words count too. Throws ACL_FILE for anything else. */
export function trueOrFalse(given: Exclude<GivenValue, undefined>): Known<boolean> {
  if (isUnknown(given)) return given;
  const { value, place } = given;
  const word = typeof value === 'string' ? value.toLowerCase() : value;
  if (word === true || word === 'true') return true;
  if (word === false || word === 'false') return false;
  throw aclFileError(place, `${shown(value)} is neither true nor false`, 'write true or false');
}

/** A text with something in it. Throws ACL_FILE for anything else. */
export function text(element: Element, what: string): string {
  const { value, place } = element;
  if (typeof value === 'string' && value !== '') return value;
  throw aclFileError(place, `${shown(value)} is no ${what}`, `write the ${what} as a text`);
}
