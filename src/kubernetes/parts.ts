/** What can be printed: the fence itself, a pod that proves it, and what takes it away from every node. */
export const PARTS = ['agent', 'verify', 'cleanup'] as const;
export type Part = (typeof PARTS)[number];
