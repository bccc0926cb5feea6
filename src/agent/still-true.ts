import { readSetting } from '../survey/settings.ts';
import type { Survey } from '../survey/survey.ts';
import type { System } from '../system/system.ts';

/**
 * Whether what was last found true in the kernel still is, asked as cheaply as can be: our own rules and settings alone. Who
 * wants to know whether something else ought to be true by now has to look anew. False for anything that can't be read.
 */
export async function stillTrue(system: System, { backend, wanted, plan }: Survey): Promise<boolean> {
  try {
    const [present, settings] = await Promise.all([
      backend.observe(system),
      Promise.all(plan.settings.map(({ key }) => readSetting(system, key))),
    ]);
    return backend.drift(wanted, present).length === 0 && plan.settings.every(({ value }, i) => settings[i] === value);
  } catch {
    return false; // Looking anew says why.
  }
}
