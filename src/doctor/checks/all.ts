import type { DoctorCheck } from '../check.ts';
import { agentChecks } from './agent.ts';
import { capacityChecks } from './capacity.ts';
import { hostChecks } from './host.ts';
import { natChecks } from './nat.ts';
import { neighbourChecks } from './neighbours.ts';

/** Every check, in the order in which their findings are shown within one severity. */
export const CHECKS: readonly DoctorCheck[] = [
  ...natChecks,
  ...agentChecks,
  ...capacityChecks,
  ...hostChecks,
  ...neighbourChecks,
];
