/**
 * The documentation as plain HTML that any web server, or none, can show: `node .docs-site.mjs <folder> [<docs folder>]` writes
 * every page of docs/ with a navigation, and ends with 1 where a link is dead or a page is in no navigation. Pages of the API
 * reference are made by typedoc (`make docs`).
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';
import markdownIt from 'markdown-it';

const root = import.meta.dirname ?? dirname(new URL(import.meta.url).pathname);
const [target = join(root, 'build', 'docs'), source = join(root, 'docs')] = process.argv.slice(2).map((each) => resolve(each));

/** The navigation: a page that is not here would be found by nobody. */
const SECTIONS = {
  'Getting started': ['README.md', 'tutorial.md', 'first-application.md'],
  Guides: [
    'projections.md',
    'guides/process-managers.md',
    'effects.md',
    'guides/testing.md',
    'guides/versions.md',
    'replay.md',
    'guides/deployment.md',
    'operating.md',
    'upgrading.md',
  ],
  Reference: ['architecture.md', 'contracts.md', 'limits.md', 'monitoring.md', 'tracing.md', 'security.md', 'runbook.md', 'glossary.md'],
  More: ['comparison.md', 'style.md', 'CHANGELOG.md'],
};
/** Pages that stand beside the docs folder, by their name on the site. */
const OUTSIDE = { 'README.md': '../README.md', 'CHANGELOG.md': '../CHANGELOG.md' };
const API_PAGE = 'api/index.html';

const faults = [];

// -------------------------------------------------------------------------------------
// Pages
// -------------------------------------------------------------------------------------

const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => statSync(join(folder, path)).isFile());

const listed = Object.values(SECTIONS).flat();
const files = filesBelow(source);
const present = files.filter((path) => path.endsWith('.md'));
for (const page of present.filter((path) => !listed.includes(path))) faults.push(`${page} is in no navigation`);
const fileOf = (page) => join(source, OUTSIDE[page] ?? page);
for (const page of listed.filter((path) => !existsSync(fileOf(path)))) faults.push(`${page} is in the navigation and not there`);
const pages = listed.filter((path) => existsSync(fileOf(path)));

const htmlPath = (page) => (page === 'README.md' ? 'index.html' : page.toLowerCase().replace(/\.md$/, '.html'));

/** As GitHub makes them, so that a link works on both. */
const slugOf = (text) =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const markdown = markdownIt({ html: false, linkify: false });
const escapeHtml = markdown.utils.escapeHtml;

/** The headings of a page get ids; two of the same text get different ones. */
const withIds = (tokens) => {
  const seen = new Map();
  const headings = [];
  tokens.forEach((token, index) => {
    if (token.type !== 'heading_open') return;
    const text = (tokens[index + 1]?.children ?? []).map(({ content }) => content).join('');
    const slug = slugOf(text);
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    const id = count === 0 ? slug : `${slug}-${count}`;
    token.attrSet('id', id);
    headings.push({ level: Number(token.tag.slice(1)), text, id });
  });
  return headings;
};

const parsed = new Map(
  pages.map((page) => {
    const tokens = markdown.parse(readFileSync(fileOf(page), 'utf8'), {});
    return [page, { tokens, headings: withIds(tokens) }];
  }),
);
const titleOf = (page) => (page === 'README.md' ? 'Overview' : (parsed.get(page)?.headings[0]?.text ?? page));

// -------------------------------------------------------------------------------------
// Links
// -------------------------------------------------------------------------------------

/** The page that a path of the repository is on the site. */
const pageAt = (path) => Object.keys(OUTSIDE).find((page) => posix.normalize(OUTSIDE[page]) === path) ?? path;

/** A link as the site has it; undefined where it leads nowhere. Links to other sites are left alone. */
const siteLink = (page, href) => {
  if (/^(https?|mailto):/.test(href)) return href;
  const [path = '', anchor] = href.split('#');
  const from = OUTSIDE[page] ?? page;
  const to = path === '' ? page : pageAt(posix.normalize(posix.join(posix.dirname(from), path)));
  const linked = parsed.get(to);
  if (linked === undefined) {
    if (anchor === undefined && files.includes(to)) return posix.relative(posix.dirname(htmlPath(page)), to);
    // The sources are not on the site: their links are shown as text.
    return anchor === undefined && existsSync(join(source, to)) ? null : undefined;
  }
  if (anchor !== undefined && !linked.headings.some(({ id }) => id === anchor)) return undefined;
  const link = posix.relative(posix.dirname(htmlPath(page)), htmlPath(to));
  return anchor === undefined ? link : `${path === '' ? '' : link}#${anchor}`;
};

const rewriteLinks = (page, tokens) => {
  for (const token of tokens) {
    if (token.children) rewriteLinks(page, token.children);
    const name = token.type === 'image' ? 'src' : 'href';
    const href = token.attrGet?.(name);
    if (href === null || href === undefined) continue;
    const link = siteLink(page, decodeURI(href));
    if (link === undefined) faults.push(`${page} has a dead link: ${href}`);
    else if (link === null) token.attrs = token.attrs.filter(([attribute]) => attribute !== name);
    else token.attrSet(name, link);
  }
};

// -------------------------------------------------------------------------------------
// The site
// -------------------------------------------------------------------------------------

const STYLE = `:root{color-scheme:light dark;--line:#8884;--quiet:#777;--link:light-dark(#0a58a6,#7db8f0)}
*{box-sizing:border-box}body{margin:0;font:16px/1.55 system-ui,sans-serif;display:grid;grid-template-columns:15rem minmax(0,1fr)}
nav{padding:1.5rem;border-right:1px solid var(--line);min-height:100vh}nav h2{font-size:.8rem;margin:1.2rem 0 .3rem;color:var(--quiet)}
nav ul{list-style:none;margin:0;padding:0}nav a{display:block;padding:.15rem 0;text-decoration:none}nav a[aria-current]{font-weight:600}
main{padding:1.5rem 2.5rem;max-width:60rem}a{color:var(--link)}h1,h2,h3{line-height:1.25}h2{margin-top:2.2rem}
pre{overflow-x:auto;padding:.9rem;border:1px solid var(--line);border-radius:6px;background:#8881}code{font:.88em/1.5 ui-monospace,monospace}
table{border-collapse:collapse;display:block;overflow-x:auto}th,td{border:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top}
@media(max-width:50rem){body{display:block}nav{min-height:0;border-right:0;border-bottom:1px solid var(--line)}main{padding:1rem}}`;

const linkFrom = (page, to) => posix.relative(posix.dirname(htmlPath(page)), to);

const navigation = (page) => {
  const item = (to, title, isCurrent) =>
    `<li><a href="${linkFrom(page, to)}"${isCurrent ? ' aria-current="page"' : ''}>${escapeHtml(title)}</a></li>`;
  const sections = Object.entries(SECTIONS).map(([section, names]) => {
    const items = names.filter((name) => parsed.has(name)).map((name) => item(htmlPath(name), titleOf(name), name === page));
    if (section === 'Reference' && hasApi) items.push(item(API_PAGE, 'API', false));
    return `<h2>${section}</h2><ul>${items.join('')}</ul>`;
  });
  return `<nav aria-label="Pages"><strong>Tidemark</strong>${sections.join('')}</nav>`;
};

const hasApi = existsSync(join(target, API_PAGE));

const documentOf = (page, body) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(titleOf(page))} - Tidemark</title><link rel="stylesheet" href="${linkFrom(page, 'style.css')}"></head>
<body>${navigation(page)}<main>${body}</main></body></html>\n`;

const rendered = [...parsed].map(([page, { tokens }]) => {
  rewriteLinks(page, tokens);
  return [htmlPath(page), documentOf(page, markdown.renderer.render(tokens, markdown.options, {}))];
});

if (faults.length > 0) {
  for (const fault of faults) console.error(`docs: ${fault}`);
  process.exit(1);
}
const write = (path, content) => {
  mkdirSync(dirname(join(target, path)), { recursive: true });
  writeFileSync(join(target, path), content);
};
write('style.css', STYLE);
for (const [path, html] of rendered) write(path, html);
for (const file of files.filter((path) => !path.endsWith('.md'))) {
  mkdirSync(dirname(join(target, file)), { recursive: true });
  copyFileSync(join(source, file), join(target, file));
}
console.log(`docs: ${rendered.length} pages in ${relative(process.cwd(), target) || '.'}, every link checked`);
