import { performance } from 'node:perf_hooks';
import { PortfenceError } from '../../src/errors.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { type Summary, summarize } from '../statistics.ts';
import { STEPS, type Step } from './steps.ts';

/** One step's wall times in milliseconds, from the start of its process to the end of its output. */
export interface Measured extends Summary {
  readonly name: string;
  readonly hasTarget: boolean;
  readonly samples: readonly number[];
}

/** A host on which the commands run. */
export interface MeasuredHost {
  readonly namespace: Namespace;
  readonly stateFolder: string;
}
type Kind = 'plain' | 'crowded';
type ByHost<T> = Readonly<Record<Kind, T>>;

/**
 * Runs all steps on both hosts in turn, so often, so that a busy moment of the machine meets all of them alike. A first round,
 * which fills the file cache, does not count.
 */
export async function measure(
  hosts: ByHost<MeasuredHost>,
  { runs, say }: { runs: number; say: (line: string) => void },
): Promise<ByHost<readonly Measured[]>> {
  const samples = STEPS.map((): Record<Kind, number[]> => ({ plain: [], crowded: [] }));
  for (let round = 0; round <= runs; round += 1) {
    say(round === 0 ? 'warming up' : `round ${round} of ${runs}`);
    for (const [index, step] of STEPS.entries()) {
      const plain = await time(hosts.plain, step);
      const crowded = await time(hosts.crowded, step);
      if (round === 0) continue;
      samples[index]?.plain.push(plain);
      samples[index]?.crowded.push(crowded);
    }
  }
  const summed = (kind: Kind): readonly Measured[] =>
    STEPS.map(({ name, hasTarget }, index) => {
      const own = samples[index]?.[kind] ?? [];
      return { name, hasTarget, ...summarize(own), samples: own };
    });
  return { plain: summed('plain'), crowded: summed('crowded') };
}

async function time({ namespace, stateFolder }: MeasuredHost, { name, argv, exit }: Step): Promise<number> {
  const began = performance.now();
  const { code, stderr } = await namespace.run(argv, { env: { PORTFENCE_STATE_DIR: stateFolder } });
  const ms = performance.now() - began;
  if (code !== exit)
    throw new PortfenceError('SYSTEM', `${name} ended with ${code} instead of ${exit}`, { detail: stderr.trim() });
  return ms;
}
