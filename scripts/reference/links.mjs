// Finds links between Markdown pages that lead nowhere: to a file that is not there, or to a heading that is not in it.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from './entries.mjs';

/** What a page's headings and anchors are reached by, as GitHub names them. @param {string} text */
function anchorsOf(text) {
  const anchors = new Set([...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id));
  /** @type {Map<string, number>} */
  const seen = new Map();
  for (const [, heading] of withoutCode(text).matchAll(/^#+ (.+)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(slug) ?? 0;
    anchors.add(before === 0 ? slug : `${slug}-${before}`);
    seen.set(slug, before + 1);
  }
  return anchors;
}

/** @param {string} text */
const withoutCode = (text) => text.replace(/^```[\s\S]*?^```$/gm, '');

/**
 * @param {string[]} pages relative to the top
 * @param {(name: string) => string} read
 * @returns {string[]} one line each
 */
export function findBrokenLinks(pages, read) {
  return pages.flatMap((page) => {
    const links = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to]) => to);
    return links.flatMap((link) => {
      if (/^[a-z]+:/.test(link)) return [];
      const [file, anchor] = link.split('#');
      const target = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
      if (!existsSync(path.join(root, target))) return [`${page} links to ${link}: no such file`];
      if (anchor === undefined || anchorsOf(read(target)).has(anchor)) return [];
      return [`${page} links to ${link}: no such heading`];
    });
  });
}
