import { PortfenceError } from '../errors.ts';

/** Where a value stands in the policy: keys and list indices from the root. */
export type PolicyPath = readonly (string | number)[];

/** One mistake, or one warning, in a policy. Lines and columns count from 1; `flag` stands instead of them for a value that came from the command line. */
export interface PolicyProblem {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly flag?: string;
  /** `exempt.destinations[1]`; empty for the text as a whole. */
  readonly path: string;
  readonly message: string;
  /** What to write instead, as it follows a semicolon. */
  readonly remedy?: string;
}

/** The problem as one line: `policy.yaml:3:11: ports: 61000-49152 runs backwards; write 49152-61000`. */
export function problemText(problem: PolicyProblem): string {
  const { flag, path, message, remedy } = problem;
  const sentence = remedy === undefined ? message : `${message}; ${remedy}`;
  if (flag !== undefined) return `${flag}: ${sentence}`;
  return [placeText(problem), path, sentence].filter((part) => part !== '').join(': ');
}

function placeText({ file, line, column }: PolicyProblem): string {
  if (line === undefined) return file ?? '';
  return `${file ?? 'policy'}:${line}:${column ?? 1}`;
}

/** A policy that can't be used: holds every problem, sorted by position, and tells each in a line of its own. */
export class PolicyRejected extends PortfenceError {
  readonly problems: readonly PolicyProblem[];

  constructor(problems: readonly PolicyProblem[]) {
    super('POLICY', problems.map(problemText).join('\n'));
    this.name = 'PolicyRejected';
    this.problems = problems;
  }
}

/** A path as people write it: `exempt.destinations[1]`. */
export function pathText(path: PolicyPath): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i === 0 ? '' : '.'}${displayed(step)}`))
    .join('');
}

const SHOWN_LENGTH = 60;

/** Text from outside, fit for one line of a terminal: quoted where it holds anything unusual, cut after 60 characters. */
export function displayed(text: string): string {
  const characters = [...text];
  const cut = characters.length > SHOWN_LENGTH ? `${characters.slice(0, SHOWN_LENGTH).join('')}...` : text;
  if (/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(cut)) return cut;
  return JSON.stringify(cut).replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
