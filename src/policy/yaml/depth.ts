import { Lexer } from 'yaml';

const LONGEST_TEXT = 32 * 1024;
const INDICATORS_A_LINE = 32;

/** More characters than a policy can need; beyond it a reader's time would grow with an attacker's patience. */
export function isTooLong(text: string): boolean {
  return text.length > LONGEST_TEXT;
}

/** Whether one line opens lists in lists (`- - - -`): the library recurses into each and ends the process before it can throw. */
export function isTooDeep(text: string): boolean {
  let indicators = 0;
  for (const token of new Lexer().lex(text)) {
    if (token.startsWith('\n') || token.startsWith('\r')) indicators = 0;
    else if (token === '-' || token === '?') indicators++;
    if (indicators > INDICATORS_A_LINE) return true;
  }
  return false;
}
