import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PortfenceError } from '../errors.ts';
import { run } from '../system/run.ts';
import type { Argv } from '../system/system.ts';

/** The name of the lab's image, which `importImage` makes. */
export const IMAGE = 'portfence-lab/base:1';

/**
 * `download URL...`: fetches all at the same time, one line each, and fails where one fails. It prints the port that the
 * container's own kernel chose, which is all a program can know of its source port.
 */
const DOWNLOAD = `#!/bin/sh
failed=0
for url in "$@"; do
  { curl --silent --fail --connect-timeout 3 --max-time 6 --output /dev/null \\
      --write-out "%{http_code} %{local_port} $url\\n" "$url" || true; } &
done >/tmp/downloads.$$
wait
while read -r code port url; do
  if [ "$code" = 200 ]; then echo "downloaded $url"; else echo "no answer from $url"; failed=1; fi
done </tmp/downloads.$$
rm /tmp/downloads.$$
exit $failed
`;

/** Makes an image of this machine's busybox, curl and curl's libraries, and gives its name. */
export async function importImage(
  { expect, folder }: { expect: (args: readonly string[]) => Promise<string>; folder: string },
  name = IMAGE,
): Promise<string> {
  const root = join(folder, 'image');
  for (const part of ['bin', 'etc', 'root']) await mkdir(join(root, part), { recursive: true });
  await mkdir(join(root, 'tmp'));
  await chmod(join(root, 'tmp'), 0o1777);
  await copyFile(await find('busybox'), join(root, 'bin/busybox'));
  for (const applet of (await said(['busybox', '--list'])).split('\n'))
    if (applet && applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet));
  const curl = await find('curl');
  for (const path of [curl, ...(await libraries(curl))]) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await copyFile(path, join(root, path));
  }
  await writeFile(join(root, 'bin/download'), DOWNLOAD, { mode: 0o755 });
  const archive = join(folder, 'image.tar');
  await said(['tar', '-C', root, '-cf', archive, '.']);
  const environment = 'ENV PATH=/bin:/usr/bin';
  await expect(['import', '--change', environment, '--change', 'CMD ["/bin/sh"]', archive, name]);
  return name;
}

async function said(argv: Argv): Promise<string> {
  const { code, stdout, stderr } = await run(argv);
  if (code === 127)
    throw new PortfenceError('TOOL_MISSING', `${argv[0]} is missing`, { hint: 'install busybox-static and curl' });
  if (code !== 0) throw new PortfenceError('SYSTEM', `${argv.join(' ')} ended with ${code}: ${stderr.trim()}`);
  return stdout;
}

const find = async (command: string): Promise<string> => (await said(['which', command])).trim();

/** The shared libraries of a program and its loader, as ldd(1) lists them: `libz.so.1 => /lib/... (0x...)`. */
async function libraries(program: string): Promise<string[]> {
  return [...(await said(['ldd', program])).matchAll(/(?:^|\s)(\/\S+)/g)].flatMap(([, path]) => path ?? []);
}
