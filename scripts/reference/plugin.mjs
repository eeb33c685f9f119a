// What TypeDoc does not do by itself: it names the pages after the package's entries, leaves out what an interface or
// a hidden base class says already, lists errors by their class, and finds exports without an example. It makes up
// no text but the index.
import path from 'node:path';
import { Comment, CommentTag, Converter, ProjectReflection, ReflectionKind } from 'typedoc';
import { MarkdownPageEvent } from 'typedoc-plugin-markdown';
import ts from 'typescript';
import { findEntries, root } from './entries.mjs';

/** @typedef {import('typedoc').DeclarationReflection} Declaration */

const entries = findEntries();

/** @param {import('typedoc-plugin-markdown').MarkdownApplication} app */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, nameAfterEntry);
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const each of declarationsOf(project)) leaveOutImplemented(project, each);
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, describeTypedefs);
  const atLast = -1000;
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => tidy(project), atLast);
  app.on('validateProject', (/** @type {import('typedoc').ProjectReflection} */ project) => {
    for (const each of declarationsOf(project).filter(lacksExample)) {
      app.logger.validationWarning(`${each.getFriendlyFullName()} has no @example`);
    }
    for (const each of declarationsOf(project).filter(lacksDescription)) {
      app.logger.validationWarning(`${each.getFriendlyFullName()} is not described`);
    }
  });
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    if (page.model instanceof ProjectReflection) page.contents = indexOf(page.model);
    // In the column of default values, the absence of one.
    page.contents = `${page.contents}`.replaceAll('| `undefined` |', '| - |');
    page.contents = page.contents.replace(/`docs\/([\w-]+\.md)`/g, '[docs/$1](../$1)');
    page.contents = `${page.contents.replace(/\n{3,}/g, '\n\n').trimEnd()}\n`;
  });
}

/** @param {import('typedoc').ProjectReflection} project */
function declarationsOf(project) {
  return /** @type {Declaration[]} */ (
    project
      .getReflectionsByKind(ReflectionKind.All)
      .filter((reflection) => reflection.isDeclaration())
  );
}

/**
 * @param {import('typedoc').Context} context
 * @param {Declaration} reflection
 */
function nameAfterEntry(context, reflection) {
  if (!reflection.kindOf(ReflectionKind.Module)) return;
  const [declaration] = context.getSymbolFromReflection(reflection)?.declarations ?? [];
  const source = path.relative(root, declaration?.getSourceFile().fileName ?? '');
  const entry = entries.find((each) => each.source === source);
  if (entry) reflection.name = entry.page;
}

/**
 * What stands before `@typedef` describes the type; TypeDoc takes only what stands behind its name.
 * @param {import('typedoc').Context} context
 */
function describeTypedefs(context) {
  const types = context.project.getReflectionsByKind(
    ReflectionKind.Interface | ReflectionKind.TypeAlias,
  );
  for (const reflection of types) {
    const declarations = context.getSymbolFromReflection(reflection)?.declarations ?? [];
    const tag = declarations.find((each) => ts.isJSDocTypedefTag(each));
    const text = tag && ts.getTextOfJSDocComment(/** @type {ts.JSDoc} */ (tag.parent).comment);
    if (!text || reflection.comment?.hasVisibleComponent()) continue;
    reflection.comment ??= new Comment();
    reflection.comment.summary = [{ kind: 'text', text }];
  }
}

/**
 * A class with `@implements {Interface}` has its own members only: the interface's are there.
 * @param {import('typedoc').ProjectReflection} project
 * @param {Declaration} reflection
 */
function leaveOutImplemented(project, reflection) {
  const name = reflection.comment?.getTag('@implements')?.typeAnnotation?.replace(/[{}]/g, '');
  if (name === undefined) return;
  const contract = declarationsOf(project).find(
    (each) => each.name === name && each.kindOf(ReflectionKind.Interface),
  );
  const members = new Set(contract?.children?.map((child) => child.name));
  for (const child of [...(reflection.children ?? [])]) {
    if (members.has(child.name)) project.removeReflection(child);
  }
}

/** @param {import('typedoc').ProjectReflection} project */
function tidy(project) {
  for (const each of declarationsOf(project)) {
    for (const part of [each, ...(each.signatures ?? [])]) {
      // Where a member comes from: of a class that cannot be imported, or of one that is a click away.
      delete part.inheritedFrom;
      delete part.overwrites;
      if (part.comment) tidyComment(project, part.comment);
      // On one line of a table nobody could read it, and nothing would run it.
      if (each.parent?.kindOf(ReflectionKind.TypeLiteral)) part.comment?.removeTags('@example');
    }
    each.extendedTypes = each.extendedTypes?.filter(
      (type) => type.type !== 'reference' || type.reflection || type.package === 'typescript',
    );
    if (each.extendedTypes?.length === 0) {
      delete each.extendedTypes;
      delete each.typeHierarchy;
    }
    if (each.typeParameters?.length === 0) delete each.typeParameters;
  }
}

/**
 * @param {import('typedoc').ProjectReflection} project
 * @param {Comment} comment
 */
function tidyComment(project, comment) {
  for (const { content } of comment.getTags('@example')) {
    for (const part of content) {
      if (part.kind === 'code') part.text = part.text.replace(/^```ts\n/, '```js\n');
    }
  }
  for (const { content } of comment.getTags('@returns')) {
    for (const part of content) part.text = part.text.replace(/\n +/g, '\n');
  }
  const errors = comment.getTags('@throws');
  if (errors.length === 0 || errors.every((each) => each.typeAnnotation === undefined)) return;
  const list = errors.flatMap(({ typeAnnotation = '', content }, index) => [
    { kind: /** @type {const} */ ('text'), text: index === 0 ? '- ' : '\n- ' },
    linkTo(project, typeAnnotation.replace(/[{}]|import\([^)]*\)\./g, '')),
    { kind: /** @type {const} */ ('text'), text: ': ' },
    ...content,
  ]);
  comment.removeTags('@throws');
  comment.blockTags.unshift(new CommentTag('@throws', Comment.cloneDisplayParts(list)));
}

/**
 * @param {import('typedoc').ProjectReflection} project
 * @param {string} name of a class
 * @returns {import('typedoc').CommentDisplayPart}
 */
function linkTo(project, name) {
  const target = declarationsOf(project).find(
    (each) => each.name === name && each.kindOf(ReflectionKind.Class),
  );
  if (!target) return { kind: 'code', text: `\`${name}\`` };
  return { kind: 'inline-tag', tag: '@link', text: name, target };
}

/** What can be called or made has an example, itself or in one of its signatures. @param {Declaration} reflection */
function lacksExample(reflection) {
  if (!reflection.kindOf([ReflectionKind.Function, ReflectionKind.Method, ReflectionKind.Class])) {
    return false;
  }
  const owner = reflection.parent;
  if (!owner?.kindOf([ReflectionKind.Module, ReflectionKind.Class])) return false;
  return !commentsOf(reflection).some((comment) => comment.getTag('@example'));
}

/** Its own comment, and those of its signatures. @param {Declaration} reflection */
function commentsOf({ comment, type, getSignature, signatures = [] }) {
  // A member that is a function has its comment there.
  const inner = type?.type === 'reflection' ? (type.declaration.signatures ?? []) : [];
  const all = [comment, ...[getSignature, ...signatures, ...inner].map((each) => each?.comment)];
  return all.filter((each) => each !== undefined);
}

const EXPORTS = [
  ...[ReflectionKind.Module, ReflectionKind.Function, ReflectionKind.Variable],
  ...[ReflectionKind.Class, ReflectionKind.Interface, ReflectionKind.TypeAlias],
];
const MEMBERS = [ReflectionKind.Property, ReflectionKind.Method, ReflectionKind.Accessor];

/**
 * An export, or a member of one. What a type says in its place, without a name, is described around it.
 * @param {Declaration} reflection
 */
function lacksDescription(reflection) {
  const isMember =
    reflection.kindOf(MEMBERS) &&
    reflection.parent?.kindOf([ReflectionKind.Interface, ReflectionKind.Class]);
  if (!isMember && !reflection.kindOf(EXPORTS)) return false;
  const said = commentsOf(reflection).flatMap(({ summary }) => summary);
  return !said.some(({ text }) => text.trim() !== '');
}

/** @param {import('typedoc').ProjectReflection} project */
function indexOf(project) {
  const rows = entries.map(({ name, page }) => {
    const { comment } = /** @type {Declaration} */ (project.getChildByName([page]));
    const said = Comment.combineDisplayParts(comment?.summary);
    const [sentence] = said.replaceAll('\n', ' ').split(/(?<=\.) |\n\n/);
    return `| [\`${name}\`](${page}.md) | ${sentence.trim()} |`;
  });
  return [
    '# API reference',
    '',
    'Written from the documentation comments by `npm run reference`; every example is run by `npm test`. In an',
    'example, `// => …` says what the expression before it is, and `// GET … => …` how a request is answered; `…`',
    'stands for anything. What is thrown has a `code`: [errors](../errors.md). Rules such as R13 are those that',
    '[docs/reliability.md](../reliability.md) shows the tests of.',
    '',
    '| import | |',
    '|---|---|',
    ...rows,
  ].join('\n');
}
