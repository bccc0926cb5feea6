import { PACKAGED_PROGRAM, POLICY_FILE, packagedUnitFile, SERVICES } from '../install/paths.ts';
import { agentUnit, fenceUnit } from '../install/units.ts';
import { bashCompletion, fishCompletion, zshCompletion } from './completions.ts';
import type { Grammar } from './grammar.ts';
import { manPages } from './man.ts';
import { samplePolicy } from './sample-policy.ts';

/** A file of a deb or rpm package. */
export interface PackageFile {
  /** Where it is installed. */
  readonly path: string;
  /** Its text, or the file of this machine that it is a copy of. */
  readonly content: { readonly text: string } | { readonly copyOf: string };
  readonly mode: number;
  readonly kind: 'program' | 'configuration' | 'documentation' | 'manual' | 'other';
}

export interface LayoutInput {
  readonly grammar: Grammar;
  readonly version: string;
  /** The date of the commit, YYYY-MM-DD. */
  readonly date: string;
  /** Files of this machine: the executable, and documents by their names in the documentation folder. */
  readonly executable: string;
  readonly documents: Readonly<Record<string, string>>;
  /** Where zsh of the distribution looks. */
  readonly zshFolder: string;
}

export const DOCUMENTS = '/usr/share/doc/portfence';

/** Every file of a package, with the units that `portfence install systemd` would write for the same program. */
export function packageFiles(input: LayoutInput): readonly PackageFile[] {
  const { grammar, version, date, executable, documents, zshFolder } = input;
  const text = (path: string, words: string, kind: PackageFile['kind'] = 'other'): PackageFile => ({
    path,
    content: { text: words },
    mode: 0o644,
    kind,
  });
  const units = [fenceUnit(), agentUnit({ program: [PACKAGED_PROGRAM], args: [] })];
  return [
    { path: PACKAGED_PROGRAM, content: { copyOf: executable }, mode: 0o755, kind: 'program' },
    ...SERVICES.map((name, i) => text(packagedUnitFile(name), `${(units[i] ?? []).join('\n')}\n`)),
    text(POLICY_FILE, samplePolicy(), 'configuration'),
    text('/usr/share/bash-completion/completions/portfence', bashCompletion(grammar)),
    text(`${zshFolder}/_portfence`, zshCompletion(grammar)),
    text('/usr/share/fish/vendor_completions.d/portfence.fish', fishCompletion(grammar)),
    ...manPages(grammar, { version, date }).map((page) =>
      text(`/usr/share/man/man1/${page.name}`, page.text, 'manual'),
    ),
    ...Object.entries(documents).map(
      ([name, copyOf]): PackageFile => ({
        path: `${DOCUMENTS}/${name}`,
        content: { copyOf },
        mode: 0o644,
        kind: 'documentation',
      }),
    ),
  ];
}
