import type { Clock } from '../system/system.ts';

/** Whether the fence fits the network ACL that the policy names, in words and as a picture (an SVG document). */
export interface AclView {
  readonly text: readonly string[];
  readonly svg: readonly string[];
}

/** The network ACL as it was asked last. */
export interface AclPage {
  /** Undefined where the policy names no ACL. */
  current(): Promise<AclView | undefined>;
}

/** Milliseconds for which an answer counts: whoever reads the page does not make the host ask its cloud again and again. */
const AGE_MS = 600_000;

/** Asks when someone looks, one question at a time; what fails becomes a sentence. */
export function aclPage({ now }: Pick<Clock, 'now'>, ask: () => Promise<AclView | undefined>): AclPage {
  let asked: { readonly at: number; readonly answer: Promise<AclView | undefined> } | undefined;
  return {
    current: () => {
      if (!asked || now() - asked.at >= AGE_MS) asked = { at: now(), answer: ask().catch(sentence) };
      return asked.answer;
    },
  };
}

const sentence = (error: unknown): AclView => ({
  text: [`the network ACL can't be asked: ${error instanceof Error ? error.message : String(error)}`],
  svg: [],
});
