/** In the name of a suite that the machine is not fit for; the tally repeats such names. */
export const SKIPPED = 'skipped, needs';
