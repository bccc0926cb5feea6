import { interfaceTexts } from './words.ts';

/** The first characters by which many wildcards are ruled out together: `br-` of `br-00*` to `br-ff*`. */
const BEGINNING = 3;
const MANY = 64;

/** Whether a rule for each way to fit is too many, where each of them leads on to further chains. */
export const isSpread = (names: readonly string[]): boolean => interfaceTexts('iifname', names).length > 2;

/**
 * Rules that return where a packet arrived on one of the interfaces, and go on otherwise. Wildcards with the common `beginning`
 * stand last: `elsewhere`, a verdict, ends the walk before them for whatever begins otherwise.
 */
export function returnTexts(
  names: readonly string[],
  beginning: string | undefined,
  elsewhere: string,
): readonly string[] {
  const alike = names.filter((name) => beginning !== undefined && isAlike(name, beginning));
  const others = names.filter((name) => !alike.includes(name));
  const back = (some: readonly string[]): readonly string[] =>
    interfaceTexts('iifname', some).map((text) => `${text} return`);
  return [...back(others), ...(alike.length > 0 ? [`iifname != "${beginning}*" ${elsewhere}`] : []), ...back(alike)];
}

/** The beginning that most wildcards share, where those are many. */
export function commonBeginning(names: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const name of names.filter((one) => one.endsWith('*') && one.length > BEGINNING + 1)) {
    const beginning = name.slice(0, BEGINNING);
    counts.set(beginning, (counts.get(beginning) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, one], [, other]) => other - one);
  return most && most[1] >= MANY ? most[0] : undefined;
}

const isAlike = (name: string, beginning: string): boolean => name.endsWith('*') && name.startsWith(beginning);
