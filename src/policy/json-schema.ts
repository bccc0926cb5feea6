import * as z from 'zod/mini';
import { described, policySchema } from './schema.ts';

/** The JSON Schema (draft 7, which editors know best) of a policy file, descriptions and defaults included. */
export function policyJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(policySchema, { target: 'draft-07', io: 'input', metadata: described });
  return { $schema, title: 'portfence policy', ...rest };
}
