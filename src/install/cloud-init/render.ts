import { gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import type { InstallFile } from '../files.ts';

/** A file of the instance; packed where its text is long and made for a machine. */
export interface UserDataFile extends InstallFile {
  readonly packed: boolean;
}

interface Parts {
  readonly files: readonly UserDataFile[];
  /** Commands before anything else of this boot, and the shell lines at its end. */
  readonly early: readonly (readonly string[])[];
  readonly steps: readonly string[];
}

const gzipped = (text: string): string => gzipSync(text, { level: 9 }).toString('base64');
const octal = (mode: number): string => `0${mode.toString(8)}`;

/** For cloud-init (its documentation, "Cloud config data"); joins with other parts of the same user data instead of replacing them. */
export function cloudConfig(comment: readonly string[], { files, early, steps }: Parts): readonly string[] {
  const config = {
    merge_how: [
      { name: 'list', settings: ['append'] },
      { name: 'dict', settings: ['no_replace', 'recurse_list'] },
    ],
    ...(early.length > 0 ? { bootcmd: early } : {}),
    write_files: files.map(({ path, text, mode, packed }) => ({
      path,
      permissions: octal(mode),
      ...(packed ? { encoding: 'gz+b64', content: gzipped(text) } : { content: text }),
    })),
    runcmd: [['sh', '-c', `${steps.join('\n')}\n`]],
  };
  // cloud-init reads YAML 1.1.
  const yaml = stringify(config, { lineWidth: 0, version: '1.1', aliasDuplicateObjects: false });
  return ['#cloud-config', ...comment.map((line) => `# ${line}`), ...yaml.trimEnd().split('\n')];
}

const END = 'PORTFENCE_FILE';
const LINE = /.{1,120}/g;

/** For anything that runs a script as root; POSIX sh. */
export function shellScript(comment: readonly string[], { files, steps }: Parts): readonly string[] {
  const [first = 'set -eu', ...rest] = steps;
  return [
    '#!/bin/sh',
    ...comment.map((line) => `# ${line}`),
    first,
    'umask 022',
    ...files.flatMap(({ path, text, mode, packed }) => [
      `mkdir -p ${path.slice(0, path.lastIndexOf('/'))}`,
      packed ? `base64 -d <<'${END}' | gzip -d >${path}.new` : `cat >${path}.new <<'${END}'`,
      ...(packed ? (gzipped(text).match(LINE) ?? []) : text.trimEnd().split('\n')),
      END,
      `chmod ${octal(mode)} ${path}.new`,
      `mv ${path}.new ${path}`,
    ]),
    ...rest,
  ];
}
