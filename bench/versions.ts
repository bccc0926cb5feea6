import { release } from 'node:os';
import process from 'node:process';
import { version as portfence } from '../src/cli/version.ts';
import { PortfenceError } from '../src/errors.ts';
import { run } from '../src/system/run.ts';
import type { Argv } from '../src/system/system.ts';

/** Names and versions of what took part, as a page states them. */
export type Versions = Readonly<Record<string, string>>;

/** Of this machine; the bench adds those of the engine that it starts. */
export async function machineVersions(): Promise<Versions> {
  return {
    portfence,
    Node: process.versions.node,
    Linux: (/^\d+(?:\.\d+)*/.exec(release()) ?? [release()])[0],
    nft: await toolVersion(['nft', '--version']),
  };
}

/** The first word that begins as a version does: `iptables v1.8.9 (nf_tables)` gives `1.8.9`. */
export async function toolVersion(argv: Argv): Promise<string> {
  const { code, stdout, stderr } = await run(argv);
  if (code !== 0) throw new PortfenceError('SYSTEM', `${argv.join(' ')} ended with ${code}: ${stderr.trim()}`);
  return /\bv?(\d[\w.+-]*)/.exec(stdout)?.[1] ?? stdout.trim();
}

/** Names and versions in one line. */
export const versionsText = (versions: Versions): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
