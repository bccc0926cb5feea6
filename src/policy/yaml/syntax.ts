import type { ErrorCode, YAMLError } from 'yaml';
import { type Fault, fault } from '../finding.ts';

const ONE_LINE = 'write one "key: value" a line, with a space after the colon';

/** What the yaml library's errors mean to somebody who writes a policy; the rest is told in its own words. */
const SENTENCES: Partial<Record<ErrorCode, readonly [message: string, remedy: string]>> = {
  BAD_ALIAS: ['an anchor or alias without a name', 'write the value out, or quote a text that starts with & or *'],
  ALIAS_PROPS: ['an alias with a tag or anchor of its own', 'write the value out'],
  BAD_DQ_ESCAPE: ['an unknown escape in a quoted text', "write \\\\ for a backslash, or use single quotes: 'text'"],
  BAD_INDENT: [
    'the indentation does not fit the lines above, or a [ or { is not closed',
    'indent keys of one level alike',
  ],
  BAD_SCALAR_START: ['a text starts with a character that YAML reserves', 'quote the text: "text"'],
  BLOCK_AS_IMPLICIT_KEY: ['two keys stand in one line', ONE_LINE],
  BLOCK_IN_FLOW: ['a list or mapping in lines stands inside [ ] or { }', 'close the bracket, or write the items in it'],
  KEY_OVER_1024_CHARS: ['a key of more than 1,024 characters', ONE_LINE],
  MISSING_CHAR: ['something is missing here: a colon after a key, a comma, a bracket or a closing quote', ONE_LINE],
  MULTILINE_IMPLICIT_KEY: ['a key goes on in the next line, or its colon is missing', ONE_LINE],
  MULTIPLE_DOCS: ['several documents in one file', 'keep one and remove the others and the line ---'],
  RESOURCE_EXHAUSTION: ['nested too deeply for a policy', 'write lists and mappings as in the example policy'],
  TAB_AS_INDENT: ['a tab as indentation', 'indent with spaces'],
  UNEXPECTED_TOKEN: ['something that YAML does not expect here', 'quote the text, or remove it'],
};

/** A YAML syntax error in the words of a policy. */
export function syntaxFault(error: YAMLError): Fault {
  const [message, remedy] = SENTENCES[error.code] ?? [`YAML can't be read here: ${error.message}`, ONE_LINE];
  return fault(message, remedy).fault;
}
