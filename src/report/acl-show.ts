import type { Unjudged } from '../acl/model.ts';
import type { Question } from '../acl/question.ts';
import type { PortAnswer } from '../acl/solve.ts';
import { rangeText } from '../ports.ts';
import { doubtLines, unjudgedJson, unjudgedLines } from './acl-because.ts';
import { htmlPicture } from './acl-html.ts';
import type { Picture } from './acl-picture.ts';
import { section, sidesJson } from './acl-ranges.ts';
import { svgPicture } from './acl-svg.ts';
import { terminalPicture } from './acl-terminal.ts';

/** Everything that `acl show` draws. */
export interface AclShown {
  readonly question: Question;
  readonly answer: PortAnswer;
  readonly picture: Picture;
  readonly unjudged: readonly Unjudged[];
  readonly notes: readonly string[];
  readonly terminal: { readonly width: number; readonly ascii: boolean };
  /** The file that the picture was written to instead. */
  readonly out: string | undefined;
}

/** The picture for scripts and for people. */
export function aclShownText(shown: AclShown): { json: unknown; text: readonly string[] } {
  const { question, answer, picture, unjudged, notes, terminal, out } = shown;
  return {
    json: {
      ...sidesJson(question),
      certain: answer.unsure.length === 0 && unjudged.length === 0,
      bars: picture.bars.map(({ label, tone, ports, unsure }) => ({
        label,
        kind: tone,
        ports: ports.map(rangeText),
        unsure: unsure.map(rangeText),
      })),
      out: out ?? null,
      unjudged: unjudgedJson(unjudged),
      notes,
    },
    text: [
      ...(out === undefined ? terminalPicture(picture, terminal) : [`wrote ${out}`]),
      ...section('unsure because of what could not be judged:', doubtLines(answer.segments)),
      ...section('could not be judged at all, and may change this answer:', unjudgedLines(unjudged)),
    ],
  };
}

export type PictureFormat = 'svg' | 'html';

/** The picture as a file's text. */
export function pictureFile(format: PictureFormat, { picture, answer }: Pick<AclShown, 'picture' | 'answer'>): string {
  const lines = format === 'svg' ? svgPicture(picture) : htmlPicture(picture, answer.segments);
  return `${lines.join('\n')}\n`;
}
