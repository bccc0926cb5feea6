import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SystemdHost } from '../../src/lab/systemd-host.ts';
import { run } from '../../src/system/run.ts';

const ROLES = fileURLToPath(new URL('../../ansible/roles', import.meta.url));

/** What a run of the role did on the host. */
export interface Played {
  /** How many tasks changed something, and how many failed. */
  readonly changed: number;
  readonly failed: number;
  /** Names of the tasks that changed something. */
  readonly changes: readonly string[];
  /** Messages of the tasks that failed. */
  readonly failures: readonly string[];
}

/** A real ansible-playbook whose only host is one of the lab. */
export interface Ansible {
  /** Runs the role with these variables. */
  play(variables: Readonly<Record<string, unknown>>, ...flags: readonly string[]): Promise<Played>;
  close(): Promise<void>;
}

/** Ansible's own ssh plugin, with a program in the place of ssh that enters the host's namespaces. */
export async function ansibleFor(host: SystemdHost): Promise<Ansible> {
  const folder = await mkdtemp(join(tmpdir(), 'portfence-ansible-'));
  const enter = join(folder, 'enter');
  const inventory = join(folder, 'inventory.json');
  const playbook = join(folder, 'play.json');
  await mkdir(join(folder, 'home'));
  await writeFile(playbook, JSON.stringify([{ hosts: 'all', gather_subset: ['!all'], roles: ['portfence'] }]));
  const connection = {
    ...{ ansible_connection: 'ssh', ansible_host: 'lab', ansible_user: 'root', ansible_ssh_executable: enter },
    ...{ ansible_ssh_transfer_method: 'piped', ansible_python_interpreter: '/usr/bin/python3' },
  };
  await writeFile(inventory, JSON.stringify({ all: { hosts: { lab: connection } } }));
  const env = {
    ...{ ANSIBLE_HOME: join(folder, 'home'), ANSIBLE_LOCAL_TEMP: join(folder, 'tmp'), ANSIBLE_ROLES_PATH: ROLES },
    ...{ ANSIBLE_SSH_ARGS: '', ANSIBLE_PIPELINING: '1', ANSIBLE_NOCOLOR: '1', LC_ALL: 'C.UTF-8' },
  };
  return {
    play: async (variables, ...flags) => {
      // The command for the other side is the last argument of ssh; after a boot another process is to be entered.
      // sudo leaves /usr/local/bin out on Fedora and its like.
      const words = host.enter(['env', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'sh', '-c']).join(' ');
      await writeFile(enter, `#!/bin/sh\nfor command; do :; done\nexec ${words} "$command"\n`, { mode: 0o755 });
      const given = ['--extra-vars', JSON.stringify(variables), ...flags];
      const { stdout, stderr } = await run(['ansible-playbook', '--inventory', inventory, playbook, ...given], {
        ...{ env, timeoutMs: 240_000 },
      });
      return played(stdout, stderr);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Reads what ansible-playbook prints: a block for each task, and a line of numbers at the end. */
function played(stdout: string, stderr: string): Played {
  const [, changed, unreachable, failed] =
    /^lab +: .*changed=(\d+) +unreachable=(\d+) +failed=(\d+)/m.exec(stdout) ?? [];
  if (changed === undefined) throw new Error(`ansible-playbook said: ${stdout}${stderr}`);
  const blocks = stdout.split(/^(?=(?:TASK|RUNNING HANDLER|PLAY RECAP) )/m);
  return {
    ...{ changed: Number(changed), failed: Number(failed) + Number(unreachable) },
    changes: blocks
      .filter((block) => /^changed: /m.test(block))
      .map((block) => /^[A-Z ]+\[(?:portfence : )?(.*?)\]/.exec(block)?.[1] ?? ''),
    failures: blocks.flatMap((block) => /^fatal: [\s\S]*?(?=\n\n|$)/m.exec(block)?.[0] ?? []),
  };
}
