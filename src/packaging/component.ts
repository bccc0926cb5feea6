/** A piece of software of others that an executable holds. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression; undefined where the package names none. */
  readonly licence: string | undefined;
  /** The words of its licence files, in the order of their names. */
  readonly licenceTexts: readonly string[];
}

/** Components in the order of their names and versions, each once. */
export function inOrder(components: readonly Component[]): readonly Component[] {
  const key = ({ name, version }: Component): string => `${name}@${version}`;
  const unique = new Map(components.map((one) => [key(one), one]));
  return [...unique.keys()].sort().flatMap((name) => unique.get(name) ?? []);
}
