import type { FenceListing } from '../backends/listing.ts';
import { settingsDrift } from '../reconcile/settings.ts';
import type { Survey } from '../reconcile/survey.ts';
import type { System } from '../system/system.ts';

/**
 * Reads our own rules and settings alone, which costs little, and gives the fence where they are as the survey wanted them.
 * Whether the plan itself is still the right one takes a survey. Undefined for anything that differs or can't be read.
 */
export async function readUnchanged(
  system: System,
  { backend, wanted, plan }: Pick<Survey, 'backend' | 'wanted' | 'plan'>,
): Promise<{ readonly present: FenceListing | undefined } | undefined> {
  try {
    const [present, settings] = await Promise.all([backend.observe(system), settingsDrift(system, plan.settings)]);
    return backend.drift(wanted, present).length === 0 && settings.length === 0 ? { present } : undefined;
  } catch {
    return undefined; // The look that follows says why.
  }
}
