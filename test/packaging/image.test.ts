import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { buildExecutables, executableName } from '../../scripts/release/executable-file.ts';
import { buildImage } from '../../scripts/release/image-file.ts';
import { imageTree, PACKAGES } from '../../scripts/release/image-tree.ts';
import { run } from '../../src/system/run.ts';
import type { Argv } from '../../src/system/system.ts';
import { needs } from '../support/needs.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const OTHER =
  process.arch === 'x64'
    ? ({
        architecture: 'arm64',
        go: 'arm64',
        machine: 183,
        triplet: 'aarch64-linux-gnu',
        qemu: 'qemu-aarch64',
      } as const)
    : ({ architecture: 'x64', go: 'amd64', machine: 62, triplet: 'x86_64-linux-gnu', qemu: 'qemu-x86_64' } as const);
const PROGRAMS = ['usr/sbin/nft', 'usr/sbin/xtables-nft-multi', 'usr/sbin/conntrack', 'bin/ip', 'usr/bin/perl'];

/** e_machine of an ELF file (elf(5)); undefined for any other file. */
function machineOf(path: string): number | undefined {
  const head = readFileSync(path).subarray(0, 20);
  return head.subarray(0, 4).toString('latin1') === '\x7fELF' ? head.readUInt16LE(18) : undefined;
}

test('the Containerfile brings the packages of the image that is built without a registry', () => {
  const text = readFileSync(join(root, 'packaging/Containerfile'), 'utf8');
  const [, packages = ''] = /--no-install-recommends (.*?) \\/.exec(text) ?? [];
  expect(packages.split(' ')).toEqual(PACKAGES);
});

needs(...(['root', 'debootstrap', 'dpkg-deb', 'strip', OTHER.qemu, `${OTHER.triplet}-strip`] as const))(
  'the image for the other architecture',
  () => {
    let folder: string;
    let tree: string;
    const emulated = (program: string, ...args: string[]): Argv => [OTHER.qemu, '-L', tree, program, ...args];

    beforeAll(async () => {
      await buildExecutables([OTHER.architecture]);
      folder = mkdtempSync(join(tmpdir(), 'portfence-test-'));
      await buildImage({ into: folder, fast: true, architecture: OTHER.architecture });
      tree = await imageTree(OTHER.architecture);
    }, 900_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test('says what it is for, and holds nothing for another', async () => {
      const archive = join(folder, `portfence-image-${OTHER.go}.tar`);
      const index = JSON.parse((await run(['tar', '-xOf', archive, './index.json'])).stdout);
      expect(index.manifests[0].platform).toEqual({ architecture: OTHER.go, os: 'linux' });
      const image = JSON.parse((await run(['tar', '-xOf', archive, './manifest.json'])).stdout)[0];
      const config = JSON.parse((await run(['tar', '-xOf', archive, `./${image.Config}`])).stdout);
      expect(config).toMatchObject({ architecture: OTHER.go, config: { Entrypoint: ['/usr/bin/portfence'] } });
      expect(machineOf(join(root, 'dist', executableName(OTHER.architecture)))).toBe(OTHER.machine);
      const strangers = readdirSync(tree, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => path.startsWith(tree) && ![undefined, OTHER.machine as number].includes(machineOf(path)));
      expect(strangers).toEqual([]);
      for (const program of PROGRAMS) expect(machineOf(join(tree, program)), program).toBe(OTHER.machine);
    });

    test('has what the scripts of its packages make on a machine of its own', async () => {
      const native = await imageTree(process.arch === 'arm64' ? 'arm64' : 'x64');
      const links = async (of: string) => {
        const { stdout } = await run(['find', join(of, 'etc'), '-type', 'f,l', '-printf', '%P %l\n']);
        const lines = stdout
          .replaceAll(/(?:aarch64|x86_64)-linux-gnu/g, 'TRIPLET')
          .split('\n')
          .sort();
        return lines.filter((line) => !line.startsWith('ld.so.cache'));
      };
      expect(await links(tree)).toEqual(await links(native));
      expect(readFileSync(join(tree, 'etc/passwd'), 'utf8')).toBe(readFileSync(join(native, 'etc/passwd'), 'utf8'));
      const installed = (of: string) =>
        run([
          'dpkg-query',
          `--admindir=${join(of, 'var/lib/dpkg')}`,
          '--show',
          '--showformat',
          `\${Package} \${Status}\n`,
        ]);
      expect((await installed(tree)).stdout).toBe((await installed(native)).stdout);
    });

    test('its programs start', async () => {
      const path = join(root, 'dist', executableName(OTHER.architecture));
      expect((await run(emulated(path, '--version'))).stdout.trim()).toBe(manifest.version);
      expect((await run(emulated(join(tree, 'bin/ip'), '-V'))).stdout).toContain('iproute2');
      expect((await run(emulated(join(tree, 'usr/bin/perl'), '-e', 'print "perl"'))).stdout).toBe('perl');
      // The emulation has no netfilter; that the program says so is its own word.
      for (const program of ['nft', 'conntrack'])
        expect((await run(emulated(join(tree, 'usr/sbin', program), '--version'))).stderr, program).toMatch(
          /mnl|conntrack v/,
        );
    });
  },
);
