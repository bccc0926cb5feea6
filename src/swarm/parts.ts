/** What can be printed: the fence itself, and what takes it away from every node. */
export const PARTS = ['agent', 'cleanup'] as const;
export type Part = (typeof PARTS)[number];
