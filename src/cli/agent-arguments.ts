import { flagsOf, type PolicyOptions } from './policy-flags.ts';

/** The flags with which an agent elsewhere overrides the same parts of its policy, as arguments. */
export function agentArguments(options: PolicyOptions): readonly string[] {
  const { backend } = options;
  const flags = { ...flagsOf(options), ...(backend === undefined ? {} : { backend }) };
  return Object.entries(flags).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value), // A list has commas between its parts.
  ]);
}
