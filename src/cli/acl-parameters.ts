import { type Command, InvalidArgumentError } from 'commander';
import { assignmentOf, readParameterFile } from '../acl/readers/parameter-file.ts';
import type { ParameterValues } from '../acl/readers/template-parameters.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';
import { readNamedFile } from './acl-files.ts';

export interface ParameterOptions {
  readonly parameter?: readonly Assignment[];
  readonly parameters?: readonly string[];
}

interface Assignment {
  readonly name: string;
  readonly value: string;
}

/** Adds the flags that give values to the parameters of a template. */
export function withParameters(command: Command): Command {
  return command
    .option(
      '--parameter <name=value>',
      "a value for a template's parameter, AWS::Region and the like included; may be repeated",
      (text: string, all: readonly Assignment[] = []): readonly Assignment[] => [...all, assignment(text)],
    )
    .option(
      '--parameters <file>',
      'a file of such values, as aws cloudformation deploy takes it; --parameter goes before it',
      (file: string, all: readonly string[] = []): readonly string[] => [...all, file],
    );
}

/** The values that the flags give. Throws USAGE where a file can't be read, ACL_FILE for what is in it. */
export async function parameterValues(system: System, options: ParameterOptions): Promise<ParameterValues> {
  const values = new Map<string, string>();
  const previous = new Set<string>();
  for (const name of options.parameters ?? []) {
    const read = readParameterFile({ name: scrub(name), text: await readNamedFile(system, name) });
    for (const [key, value] of read.values) values.set(key, value);
    for (const key of read.previous) previous.add(key);
  }
  for (const { name, value } of options.parameter ?? []) {
    values.set(name, value);
    previous.delete(name);
  }
  return { values, previous };
}

function assignment(text: string): Assignment {
  const read = assignmentOf(text);
  if (!read) throw new InvalidArgumentError('write NAME=VALUE.');
  return read;
}
