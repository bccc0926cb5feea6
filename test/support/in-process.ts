import type { Answer } from '../../src/cli/context.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { type Script, type ScriptedSystem, scriptedSystem } from './scripted-system.ts';

/** What a command answered, without a process and without the machine. */
export interface Answered extends Answer {
  readonly notes: readonly string[];
  readonly system: ScriptedSystem;
}

/** Runs one command on a scripted system. What it throws, main would have shown. */
export async function inProcess(args: readonly string[], script: Script = {}, width = 100): Promise<Answered> {
  const system = scriptedSystem(script);
  const notes: string[] = [];
  let answer: Answer | undefined;
  const program = await buildProgram(
    { system, say: (line) => void notes.push(line), colour: false, width },
    (given) => {
      answer = given;
    },
  );
  for (const command of [program, ...program.commands, ...program.commands.flatMap((one) => one.commands)])
    command.configureOutput({ writeErr: (text) => void notes.push(text.trim()) });
  await program.parseAsync(['node', 'portfence', ...args]);
  if (!answer) throw new Error('the command answered nothing');
  return { ...answer, notes, system };
}
