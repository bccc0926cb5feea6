import { Lexer } from 'yaml';

const INDICATORS_A_LINE = 32;
const DEEPEST_FLOW = 128;
const DEEPEST_INDENT = 512;
const MOST_TOKENS = 1_000_000;
const NESTED = 'nested too deeply for a template';

/**
 * Why the text is more than the library should see, in words: it recurses into what is nested and ends the process before it
 * could throw, and it takes a minute over a megabyte of signs.
 */
export function tooMuchFor(text: string): string | undefined {
  let tokens = 0;
  let indicators = 0;
  let flow = 0;
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > MOST_TOKENS) return 'more keys, values and signs than a template can need';
    if (token.startsWith('\n') || token.startsWith('\r')) indicators = 0;
    else if (token === '-' || token === '?' || token === ':') indicators += 1;
    else if (token === '[' || token === '{') flow += 1;
    else if (token === ']' || token === '}') flow = Math.max(0, flow - 1);
    else if (token.length > DEEPEST_INDENT && token.trim() === '') return NESTED;
    if (flow > DEEPEST_FLOW || (flow === 0 && indicators > INDICATORS_A_LINE)) return NESTED;
  }
  return undefined;
}
