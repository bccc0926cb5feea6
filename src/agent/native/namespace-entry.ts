import { SETTING_NAMES, type SettingName } from '../../plan/container-sysctls.ts';
import type { Argv, Coprocess, System } from '../../system/system.ts';
import { limit } from '../limit.ts';
import type { DesiredSysctls } from './desired-sysctls.ts';
import { PERL_ENTRY, SHELL_ENTRY } from './entry-programs.ts';

const UNIT = '\u001f';

/** `kept`: the value may not be replaced; `refused`: the kernel did not take ours. */
export type SettingOutcome = 'given' | 'kept' | 'refused';

/** What became of each setting, with the value that the namespace has now, as the kernel writes it. */
export type Given = Readonly<Record<SettingName, { readonly verdict: SettingOutcome; readonly value: string }>>;

/** Enters namespaces and gives each its settings. A namespace that can't be entered yet is tried again for about a second. */
export interface NamespaceEntry {
  /** `host`: it is the host's own; `gone`: no namespace is there. */
  give(path: string, desired: DesiredSysctls): Promise<Given | 'host' | 'gone'>;
  stop(): Promise<void>;
}

/** Namespaces that a shell enters at the same time, each with three processes; and those that one process takes in turn. */
const SHELL_AT_ONCE = 24;
const PERL_AT_ONCE = 512;

interface Program {
  readonly argv: Argv;
  readonly atOnce: number;
}

/** Perl does it without a process for each namespace, where it is there and may. */
async function chooseProgram(system: System): Promise<Program> {
  const perl: Argv = ['perl', '-e', PERL_ENTRY];
  const tried = await system.run([...perl, 'try'], { timeoutMs: 5000 }).catch(() => undefined);
  if (tried?.code === 0) return { argv: perl, atOnce: PERL_AT_ONCE };
  return { argv: ['sh', '-c', SHELL_ENTRY], atOnce: SHELL_AT_ONCE };
}

/** An entry whose program is started at once. */
export function openNamespaceEntry(system: System): NamespaceEntry {
  const waiting = new Map<string, (given: Given | 'host' | 'gone') => void>();
  const chosen = chooseProgram(system).then((program) => ({ ...program, ...limit(program.atOnce) }));
  let count = 0;
  let running: Coprocess | undefined;
  /** The program may end (the kernel, short of memory): all that wait learn of it, and the next call starts another. */
  const start = (argv: Argv): Coprocess => {
    const started = system.startCoprocess(argv, (line) => {
      const [id = '', ...words] = line.split('|');
      waiting.get(id)?.(readGiven(words));
      waiting.delete(id);
    });
    void started.ended.then(() => {
      if (running === started) running = undefined;
      for (const settle of waiting.values()) settle('gone');
      waiting.clear();
    });
    return started;
  };
  const enter = (argv: Argv, path: string, desired: DesiredSysctls): Promise<Given | 'host' | 'gone'> =>
    new Promise((resolve) => {
      count += 1;
      const id = String(count);
      waiting.set(id, resolve);
      running ??= start(argv);
      running.write(lineOf(id, path, desired));
    });
  let stopped = false;
  const ready = chosen.then(({ argv }) => {
    if (!stopped) running ??= start(argv); // The first container is not to wait for its start.
  });
  return {
    give: async (path, desired) => {
      const { run, argv } = await chosen;
      return run(() => enter(argv, path, desired));
    },
    stop: async () => {
      stopped = true;
      await ready;
      await running?.stop();
    },
  };
}

function lineOf(id: string, path: string, desired: DesiredSysctls): string {
  const values = SETTING_NAMES.map((name) => desired[name]);
  const replaceable = SETTING_NAMES.map((name) => `:${desired.replaceable[name].join(':')}:`);
  return [id, path, ...values, ...replaceable].join(UNIT);
}

function readGiven(words: readonly string[]): Given | 'host' | 'gone' {
  if (words.length < 2 * SETTING_NAMES.length) return words[0] === 'host' ? 'host' : 'gone';
  const at = (i: number): Given[SettingName] => {
    const verdict = words[i];
    return { verdict: verdict === 'given' || verdict === 'refused' ? verdict : 'kept', value: words[i + 1] ?? '' };
  };
  return { range: at(0), reserved: at(2), timestamps: at(4) };
}
