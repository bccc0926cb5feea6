import type { NetworkAcl } from './model.ts';
import { type Choices, existsIn, explore } from './worlds.ts';

/** More combinations are not tried; answers that they could change are unsure then. */
export const MOST_WORLDS = 512;

/** ACLs as they are in one or more of the possible worlds, with every condition decided. */
export interface PossibleAcls {
  readonly acls: readonly NetworkAcl[];
  /** The values in the first of these worlds. */
  readonly choices: Choices;
}

export interface Possible {
  /** Each different outcome once; none where the ACLs exist together in no world. */
  readonly different: readonly PossibleAcls[];
  /** How many combinations were tried. */
  readonly tried: number;
  /** False where there are more of them. */
  readonly complete: boolean;
}

/** The ACLs in every world in which all of them exist. */
export function possibleAcls(acls: readonly NetworkAcl[]): Possible {
  if (acls.every(isDecided)) return { different: [{ acls, choices: [] }], tried: 1, complete: true };
  const { outcomes, complete } = explore((world) => {
    const made = acls.map((acl) => (existsIn(world, acl.when) ? acl : undefined));
    if (made.includes(undefined)) return undefined;
    return acls.map((acl) => {
      const mask = acl.entries.map(({ when }) => when === undefined || existsIn(world, when));
      return { acl, mask, key: mask.map((is) => (is ? '1' : '0')).join('') };
    });
  }, MOST_WORLDS);
  const different = new Map<string, PossibleAcls>();
  for (const { result, choices } of outcomes) {
    const key = result?.map((one) => one.key).join(' ');
    if (!result || key === undefined || different.has(key)) continue;
    different.set(key, { acls: result.map(({ acl, mask }) => decided(acl, mask)), choices });
  }
  return { different: [...different.values()], tried: outcomes.length, complete };
}

const isDecided = ({ when, entries, isInOneWorld }: NetworkAcl): boolean =>
  isInOneWorld === true || ((when ?? []).length === 0 && entries.every((entry) => (entry.when ?? []).length === 0));

/** The entries themselves stay as they are, guards included, so that reasons can name what they hang on. */
function decided({ when: _, ...acl }: NetworkAcl, mask: readonly boolean[]): NetworkAcl {
  return { ...acl, entries: acl.entries.filter((__, i) => mask[i]), isInOneWorld: true };
}
