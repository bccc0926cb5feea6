import type { Family } from '../ports.ts';

/** The family of an address or a block in text. */
export const familyOf = (text: string): Family => (text.includes(':') ? 'ipv6' : 'ipv4');
