import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const IPTABLES = ['iptables', 'ip6tables'].flatMap((tool) =>
  ['', '-nft', '-legacy'].flatMap((variant) => ['', '-save', '-restore'].map((verb) => `${tool}${variant}${verb}`)),
);
const TOOLS = ['nft', 'conntrack', 'ip', ...IPTABLES];

/** The network tools of a Debian tree, ahead of the machine's own. */
export interface TreeTools {
  readonly env: { readonly PATH: string };
  close(): Promise<void>;
}

/** Each tool of the tree as a program of its own; /proc stands in the tree for that program alone. */
export async function toolsOf(tree: string): Promise<TreeTools> {
  const folder = await mkdtemp(join(tmpdir(), 'portfence-tools-'));
  for (const tool of TOOLS) {
    const path = join(folder, tool);
    const inside = `mount -t proc proc ${tree}/proc && exec chroot ${tree} ${tool} "$@"`;
    await writeFile(path, `#!/bin/sh\nexec unshare --mount sh -c '${inside}' ${tool} "$@"\n`);
    await chmod(path, 0o755);
  }
  return {
    env: { PATH: `${folder}:${process.env['PATH']}` },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
