// How TypeDoc writes the reference: Markdown, a page an entry, nothing that changes without the comments.
import path from 'node:path';
import { findEntries, root } from './entries.mjs';

const table = 'table';

export default {
  plugin: ['typedoc-plugin-markdown', './plugin.mjs'],
  tsconfig: 'tsconfig.json',
  entryPoints: findEntries().map(({ source }) => path.join(root, source)),
  out: path.join(root, 'build/reference'),
  name: 'sesame-edge',
  readme: 'none',
  // Faults of types are found by the project's own compiler, which is a newer one.
  skipErrorChecking: true,
  disableSources: true,
  disableGit: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  excludeExternals: true,
  sort: ['source-order'],
  groupOrder: ['Functions', 'Variables', 'Classes', 'Interfaces', 'Type Aliases', '*'],
  blockTags: [
    ...[
      '@param',
      '@returns',
      '@throws',
      '@example',
      '@template',
      '@module',
      '@implements',
      '@extends',
    ],
    ...['@typedef', '@property', '@prop', '@callback', '@type', '@see', '@deprecated'],
  ],
  notRenderedTags: ['@implements', '@extends'],
  preservedTypeAnnotationTags: ['@throws', '@implements'],
  // What can be met and not imported is a fault; what is not described, and what has no example: see plugin.mjs.
  validation: { notExported: true, invalidLink: true, notDocumented: false },
  // To users, the first is SessionCache; the others take a type, and what an entry exports is another name of each.
  intentionallyNotExported: [
    ...['SessionCacheBase', 'UserDocument', 'Session', 'Identity', 'ClientSession', 'ClientState'],
  ],
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,

  outputFileStrategy: 'modules',
  entryFileName: 'README',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  parametersFormat: table,
  propertiesFormat: table,
  interfacePropertiesFormat: table,
  classPropertiesFormat: table,
  typeAliasPropertiesFormat: table,
  typeDeclarationFormat: table,
  tableColumnSettings: { hideInherited: true, hideOverrides: true, hideModifiers: true },
  pageTitleTemplates: {
    index: 'API reference',
    module: (/** @type {{ rawName: string }} */ { rawName }) =>
      findEntries().find(({ page }) => page === rawName)?.name ?? rawName,
  },
};
