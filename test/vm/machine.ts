import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { must } from '../../scripts/release/project.ts';
import { type LoggedChild, startLoggedChild } from '../../src/system/child.ts';
import { run } from '../../src/system/run.ts';
import type { CommandResult } from '../../src/system/system.ts';
import { keyIn, type MachineImage } from './image.ts';

/** Software emulation is slow: milliseconds until ssh answers, and for one command. */
const BOOT_MS = 300_000;
const COMMAND_MS = 600_000;
const POLL_MS = 1000;

/** A virtual machine that runs. */
export interface Machine {
  /** Runs a shell script as root inside. */
  run(script: string, input?: string): Promise<CommandResult>;
  /** The same; gives what it wrote, trimmed. Throws with its words where it fails. */
  must(script: string): Promise<string>;
  /** Copies a file in. */
  copy(from: string, to: string): Promise<void>;
  /** Boots it again, and waits until ssh answers. */
  reboot(): Promise<void>;
  close(): Promise<void>;
}

/** User data for a machine that boots for the first time (cloud-init's NoCloud). */
export interface FirstBoot {
  readonly userData: string;
}

/** Starts a machine on a disk of its own above the image, its kernel with further arguments, and waits until ssh answers. */
export async function startMachine(
  cache: string,
  image: MachineImage,
  { firstBoot, kernel = [], signal }: { firstBoot?: FirstBoot; kernel?: readonly string[]; signal: AbortSignal },
): Promise<Machine> {
  const folder = await mkdtemp(join(cache, 'run-'));
  const port = await freePort();
  const disk = join(folder, 'disk.qcow2');
  await must(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', image.disk, '-F', 'raw', disk]);
  const seed = firstBoot && (await seedFolder(folder, firstBoot));
  const words = [
    'root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet',
    ...(seed ? [] : ['cloud-init=disabled']),
    ...kernel,
  ];
  const child = await startLoggedChild(
    [
      'setpriv', // It ends with us.
      ...['--pdeathsig', 'TERM', 'qemu-system-x86_64'],
      ...[
        '-accel',
        'tcg,thread=multi',
        '-cpu',
        'max',
        '-smp',
        '2',
        '-m',
        '2048',
        '-display',
        'none',
        '-monitor',
        'none',
      ],
      ...['-kernel', image.kernel, '-initrd', image.initrd, '-append', words.join(' ')],
      ...['-drive', `file=${disk},if=virtio,format=qcow2,cache=unsafe`],
      ...(seed
        ? ['-drive', `file.driver=vvfat,file.dir=${seed},file.label=CIDATA,if=virtio,format=raw,readonly=on`]
        : []),
      ...['-nic', `user,model=virtio-net-pci,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`],
      ...['-device', 'virtio-rng-pci', '-serial', `file:${join(folder, 'console')}`],
    ],
    join(folder, 'qemu.log'),
  );
  const close = async (): Promise<void> => {
    process.kill(child.pid);
    await child.ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const machine = talkTo({ key: keyIn(cache), port, child, signal });
    await machine.answers();
    return { ...machine, close };
  } catch (error) {
    await copyFile(join(folder, 'console'), join(cache, 'last-console')).catch(() => {});
    await close();
    throw error;
  }
}

function talkTo({ key, port, child, signal }: { key: string; port: number; child: LoggedChild; signal: AbortSignal }) {
  let over = false;
  void child.ended.then(() => {
    over = true;
  });
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'ConnectTimeout=10'];
  const ssh = (script: string, input: string | undefined, timeoutMs: number): Promise<CommandResult> =>
    run(
      ['ssh', '-i', key, '-p', String(port), ...options.flatMap((one) => ['-o', one]), 'root@127.0.0.1', '--', script],
      { timeoutMs, signal, ...(input === undefined ? {} : { input }) },
    );
  const command: Machine['run'] = (script, input) => ssh(script, input, COMMAND_MS);
  const inside: Machine['must'] = async (script) => {
    const { code, stdout, stderr } = await command(script);
    if (code !== 0) throw new Error(`${script}\nended with ${code}\n${stdout}${stderr}`);
    return stdout.trim();
  };
  /** With a boot other than `before`, where that is given. */
  const answers = async (before?: string): Promise<void> => {
    const deadline = Date.now() + BOOT_MS;
    while (Date.now() < deadline && !over) {
      const { code, stdout } = await ssh('cat /proc/sys/kernel/random/boot_id', undefined, 20_000);
      if (code === 0 && stdout.trim() !== before) {
        await command('systemctl is-system-running --wait');
        return;
      }
      signal.throwIfAborted();
      await sleep(POLL_MS);
    }
    throw new Error(over ? 'qemu ended' : `the machine did not answer within ${BOOT_MS / 1000} s`);
  };
  return {
    answers,
    run: command,
    must: inside,
    copy: async (from: string, to: string): Promise<void> => {
      const flags = options.flatMap((one) => ['-o', one]);
      await must(['scp', '-q', '-i', key, '-P', String(port), ...flags, from, `root@127.0.0.1:${to}`]);
    },
    reboot: async (): Promise<void> => {
      const before = await inside('cat /proc/sys/kernel/random/boot_id');
      await command('systemctl reboot');
      await answers(before);
    },
  };
}

async function seedFolder(folder: string, { userData }: FirstBoot): Promise<string> {
  const seed = join(folder, 'seed');
  await mkdir(seed);
  await writeFile(join(seed, 'meta-data'), 'instance-id: first\n');
  await writeFile(join(seed, 'user-data'), userData);
  return seed;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
