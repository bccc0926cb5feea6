import type { ErrorCode, YAMLError } from 'yaml';
import { type Fault, fault } from '../finding.ts';

interface Sentence {
  readonly code: ErrorCode;
  /** Distinguishes errors of one code by the library's words. */
  readonly words?: RegExp;
  readonly message: string;
  readonly remedy: string;
}

const ONE_LINE = 'write one "key: value" a line, with a space after the colon';

/** What the yaml library's errors mean to the author of a policy; the first row that fits counts. */
const SENTENCES: readonly Sentence[] = [
  { code: 'BAD_ALIAS', message: 'an anchor or alias without a name', remedy: 'quote a text that starts with & or *' },
  { code: 'ALIAS_PROPS', message: 'an alias with a tag or anchor of its own', remedy: 'write the value out' },
  { code: 'BAD_DQ_ESCAPE', message: 'an unknown escape in a quoted text', remedy: 'write \\\\ for a backslash' },
  { code: 'BAD_INDENT', words: /end with a \]/, message: 'a list is not closed', remedy: 'write ] at its end' },
  { code: 'BAD_INDENT', words: /end with a \}/, message: 'a mapping is not closed', remedy: 'write } at its end' },
  { code: 'BAD_INDENT', message: 'the indentation fits no line above', remedy: 'indent keys of one level alike' },
  { code: 'BAD_SCALAR_START', message: 'a text starts with a sign that YAML reserves', remedy: 'quote the text' },
  { code: 'BLOCK_AS_IMPLICIT_KEY', message: 'a second key or a list begins within a value', remedy: ONE_LINE },
  {
    code: 'BLOCK_IN_FLOW',
    message: 'lines with keys or dashes inside brackets',
    remedy: 'close the bracket before them',
  },
  { code: 'KEY_OVER_1024_CHARS', message: 'a key of more than 1,024 characters', remedy: ONE_LINE },
  { code: 'MISSING_CHAR', words: /end with a \]/, message: 'a list is not closed', remedy: 'write ] at its end' },
  { code: 'MISSING_CHAR', words: /end with a \}/, message: 'a mapping is not closed', remedy: 'write } at its end' },
  { code: 'MISSING_CHAR', words: /quote/, message: 'a quoted text is not closed', remedy: 'write the closing quote' },
  { code: 'MISSING_CHAR', words: /map values/, message: 'a key without a colon', remedy: ONE_LINE },
  { code: 'MISSING_CHAR', words: /comments/i, message: 'a comment without a space before it', remedy: 'write " # "' },
  { code: 'MISSING_CHAR', words: /Missing ,/, message: 'a comma is missing', remedy: 'separate the items with commas' },
  { code: 'MISSING_CHAR', words: /without -/, message: 'a list item without a dash', remedy: 'write "- item"' },
  {
    code: 'MULTILINE_IMPLICIT_KEY',
    message: 'a key without a colon, or one that goes on in the next line',
    remedy: ONE_LINE,
  },
  { code: 'MULTIPLE_DOCS', message: 'several documents in one file', remedy: 'keep one, without lines of ---' },
  {
    code: 'RESOURCE_EXHAUSTION',
    message: 'nested too deeply for a policy',
    remedy: 'write lists and mappings as in the example',
  },
  { code: 'TAB_AS_INDENT', message: 'a tab as indentation', remedy: 'indent with spaces' },
  { code: 'UNEXPECTED_TOKEN', message: 'YAML expects something else here', remedy: 'quote the text, or remove it' },
];

/** A YAML syntax error in the words of a policy. */
export function syntaxFault({ code, message }: YAMLError): Fault {
  const row = SENTENCES.find((sentence) => sentence.code === code && (sentence.words?.test(message) ?? true));
  return fault(row?.message ?? `YAML can't be read here: ${message.split('\n')[0]}`, row?.remedy ?? ONE_LINE).fault;
}
