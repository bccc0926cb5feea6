import { describe, expect, it } from 'vitest';
import { scrub, scrubLines } from '../../src/scrub.ts';

describe('scrub', () => {
  it('takes out what moves a cursor or turns the reading direction', () => {
    expect(scrub('a\u001b[2Jb\nc\u0085d\u202ee\u2066f\u200bg\ud800h\u2028i')).toBe('a?[2Jb?c?d?e?f?g?h?i');
  });

  it('leaves other scripts and signs as they are', () => {
    expect(scrub('Größe 網路 café 💥 a"b')).toBe('Größe 網路 café 💥 a"b');
  });

  it('shortens', () => {
    expect(scrub('x'.repeat(1000))).toHaveLength(256);
    expect(scrubLines(`${'line\n'.repeat(100)}`).split('\n')).toHaveLength(20);
  });
});
