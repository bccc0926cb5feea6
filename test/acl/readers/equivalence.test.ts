import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AclEntry, isUnknown } from '../../../src/acl/model.ts';
import { readAclFiles } from '../../../src/acl/readers/read.ts';
import { asAwsOutput, asTerraformState, WRITERS } from '../acl-writers.ts';
import { anySampleAcl } from '../arbitrary-acl.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_124);
const rank = ({ direction, family, number }: AclEntry): string =>
  JSON.stringify([direction, family, isUnknown(number) ? number : String(number).padStart(10, '0')]);
const inOrder = (entries: readonly AclEntry[]) =>
  entries.map(({ place: _, ...entry }) => entry).sort((a, b) => (rank(a as AclEntry) < rank(b as AclEntry) ? -1 : 1));

test.each(Object.entries(WRITERS))(`%s: what was written is what is read (FUZZ_SEED=${SEED})`, (_, write) => {
  fc.assert(
    fc.property(anySampleAcl, (sample) => {
      const read = readAclFiles([{ name: 'acl', text: write(sample) }]);
      expect(read.unjudged).toEqual([]);
      const acls = read.acls.filter(({ isImplied }) => !isImplied);
      expect(acls).toHaveLength(1);
      expect(acls[0]?.subnets).toHaveLength(1);
      expect(inOrder(acls[0]?.entries ?? [])).toEqual(inOrder(sample.entries));
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test(`what aws and a state of Terraform tell of one ACL is one ACL (FUZZ_SEED=${SEED})`, () => {
  fc.assert(
    fc.property(anySampleAcl, (sample) => {
      const files = [asAwsOutput(sample), asTerraformState(sample)].map((text, i) => ({ name: `f${i}`, text }));
      expect(readAclFiles(files).acls).toHaveLength(1);
    }),
    { seed: SEED, numRuns: 50 },
  );
});
