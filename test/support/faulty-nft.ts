import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An nft that comes first in the PATH of what is started with it, and refuses every change between `refuse` and `serve`. */
export interface FaultyNft {
  readonly path: string;
  refuse(): Promise<void>;
  serve(): Promise<void>;
}

/** Writes it into the folder. */
export async function faultyNft(folder: string): Promise<FaultyNft> {
  const path = join(folder, 'faulty');
  const sign = join(path, 'refuse');
  await mkdir(path);
  const lines = [
    '#!/bin/sh',
    'for word in "$@"; do',
    `  [ "$word" = -f ] && [ -e '${sign}' ] && { echo 'Error: Operation not supported' >&2; exit 1; }`,
    'done',
    'exec /usr/sbin/nft "$@"',
  ];
  await writeFile(join(path, 'nft'), `${lines.join('\n')}\n`);
  await chmod(join(path, 'nft'), 0o755);
  return { path, refuse: () => writeFile(sign, ''), serve: () => rm(sign, { force: true }) };
}
