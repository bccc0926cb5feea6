import { type AclVerdict, type Decider, implicitNumber } from '../acl/decision.ts';
import { isUnknown, type Unjudged } from '../acl/model.ts';
import { foldedByVerdict, type PortSegments } from '../acl/port-segments.ts';
import { deciderText, doubtsOf, entryText } from '../acl/words.ts';
import { rangeText } from '../ports.ts';
import { scrub } from '../scrub.ts';
import { tableLines } from './table.ts';

/** What decides, for scripts. */
export function deciderJson(decider: Decider): Readonly<Record<string, unknown>> {
  if (decider.kind === 'unfiltered') return { unfiltered: decider.why };
  const { acl, direction, family } = decider;
  if (decider.kind === 'implicit')
    return {
      acl: acl.id,
      direction,
      family,
      number: implicitNumber(acl, family) ?? null,
      implicit: true,
      text: 'deny what no entry matches',
    };
  const { entry } = decider;
  const number = isUnknown(entry.number) ? null : entry.number;
  const { file, path } = entry.place;
  return { acl: acl.id, direction, family, number, text: entryText(entry), file, path, doubts: doubtsOf(entry) };
}

/** Each range and each gap with what decides, for scripts. */
export function becauseJson(segments: PortSegments): readonly unknown[] {
  return readable(segments).map(({ from, to, verdict, by, hasMore }) => ({
    ports: rangeText({ from, to }),
    verdict,
    entries: by.map(deciderJson),
    ...(hasMore ? { hasMore } : {}),
  }));
}

const MOST_LINES = 100;
const readable = (segments: PortSegments): PortSegments =>
  segments.length > MOST_LINES ? foldedByVerdict(segments) : segments;

export const VERDICT_WORDS: Readonly<Record<AclVerdict, string>> = {
  pass: 'pass',
  drop: 'no answer',
  unsure: 'unsure',
};
const MOST_DECIDERS = 6;

/** The same for people, as a table. */
export function becauseLines(segments: PortSegments): readonly string[] {
  const acls = new Set(
    segments.flatMap(({ by }) => by.flatMap((one) => (one.kind === 'unfiltered' ? [] : [one.acl.id]))),
  );
  const withAcl = acls.size > 1;
  return tableLines(
    readable(segments).flatMap(({ from, to, verdict, by, hasMore }) => {
      const texts = [...new Set(by.map((one) => deciderText(one, { withAcl })))];
      const more = texts.length - MOST_DECIDERS;
      const [first = '', ...others] = [
        ...texts.slice(0, MOST_DECIDERS),
        ...(hasMore ? ['and more'] : more > 0 ? [`and ${more} more (--json lists them)`] : []),
      ];
      return [[rangeText({ from, to }), VERDICT_WORDS[verdict], first], ...others.map((text) => ['', '', text])];
    }),
  );
}

/** Entries that made an answer unsure, each once, with the reasons and where it stands. */
export function doubtLines(segments: PortSegments): readonly string[] {
  const entries = new Set(
    segments
      .filter(({ verdict }) => verdict === 'unsure')
      .flatMap(({ by }) => by.flatMap((one) => (one.kind === 'entry' ? [one.entry] : []))),
  );
  return [...entries].map((entry) => `${doubtsOf(entry).join(', ') || 'its number'} (${placeText(entry)})`);
}

/** What a sentence ends with whose truth may hang on these. */
export const asJudged = (unjudged: readonly Unjudged[]): string =>
  unjudged.length > 0 ? ', as far as it could be judged' : '';

export function unjudgedLines(unjudged: readonly Unjudged[]): readonly string[] {
  return unjudged.map((one) => `${scrub(one.reason)} (${placeText(one)})`);
}

export function unjudgedJson(unjudged: readonly Unjudged[]): readonly unknown[] {
  return unjudged.map(({ reason, place: { file, path } }) => ({ reason, file, path }));
}

const placeText = ({ place: { file, path } }: Pick<Unjudged, 'place'>): string =>
  scrub(path === '' ? file : `${file}: ${path}`);
