import { type Component, inOrder } from './component.ts';

export interface Shipped {
  readonly version: string;
  readonly components: readonly Component[];
  /** Seconds since 1970 of the commit that is built. */
  readonly builtAt: number;
}

/** The list of what an executable holds, in the form of CycloneDX 1.6 (JSON); equal input gives equal text. */
export function sbom({ version, components, builtAt }: Shipped): string {
  const purl = (name: string, of: string): string => `pkg:npm/${name.replace('@', '%40')}@${of}`;
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: new Date(builtAt * 1000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': purl('portfence', version),
        name: 'portfence',
        version,
        purl: purl('portfence', version),
        licenses: [{ license: { id: 'MIT' } }],
      },
    },
    components: inOrder(components).map(({ name, version: of, licence }) => ({
      type: name === 'node' ? 'platform' : 'library',
      'bom-ref': name === 'node' ? `pkg:generic/node@${of}` : purl(name, of),
      name,
      version: of,
      purl: name === 'node' ? `pkg:generic/node@${of}` : purl(name, of),
      ...(licence === undefined ? {} : { licenses: [{ expression: licence }] }),
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
