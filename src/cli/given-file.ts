import { PortfenceError } from '../errors.ts';
import type { System } from '../system/system.ts';

/** The text of a file that a flag names. Throws USAGE where there is none. */
export async function textOfGiven(system: Pick<System, 'readText'>, file: string): Promise<string> {
  const text = await system.readText(file);
  if (text === undefined) throw new PortfenceError('USAGE', `there is no file ${file}`);
  return text;
}
