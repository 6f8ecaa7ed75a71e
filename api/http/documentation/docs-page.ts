/** `/docs`: the OpenAPI document as a page. Self-contained; every text is inserted as text, never as markup. */

const style = `
:root { color-scheme: light dark; --ink: #16262e; --soft: #5c6f78; --line: #d9e2e5; --back: #fbfcfc; --card: #fff; --tide: #0b7285; --go: #2b8a3e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3edf0; --soft: #93a7af; --line: #2a3a42; --back: #10191d; --card: #162228; --tide: #3bc9db; --go: #69db7c; } }
* { box-sizing: border-box }
body { margin: 0; font: 15px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--back) }
header { padding: 2.2rem 1.2rem 1.4rem; border-bottom: 3px solid var(--tide); background: var(--card) }
header > *, main, nav { max-width: 60rem; margin-inline: auto }
h1 { margin-block: 0; font-size: 1.7rem; letter-spacing: -.02em }
header p { margin-block: .3rem 0; color: var(--soft) }
nav { display: flex; flex-wrap: wrap; gap: .4rem 1.1rem; padding: .9rem 1.2rem 0 }
nav a { color: var(--tide); text-decoration: none }
main { padding: .4rem 1.2rem 4rem }
h2 { margin: 2.2rem 0 .1rem; font-size: 1.15rem }
h2 + p { margin: 0 0 .8rem; color: var(--soft) }
h3 { margin: 1.1rem 0 .3rem; font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft) }
details { margin: .4rem 0; border: 1px solid var(--line); border-radius: .5rem; background: var(--card) }
summary { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; padding: .55rem .8rem; cursor: pointer; list-style: none }
summary span:last-child { color: var(--soft); flex: 1 1 18rem }
details > div { padding: 0 .8rem .9rem; border-top: 1px solid var(--line) }
b.post { color: var(--go) } b.get { color: var(--tide) } b { font-size: .8rem; min-width: 2.6rem }
code, pre { font: .86rem/1.5 ui-monospace, monospace }
pre { margin: 0; padding: .7rem; overflow: auto; background: var(--back); border-radius: .4rem }
table { width: 100%; border-collapse: collapse } td { padding: .25rem .6rem .25rem 0; vertical-align: top; border-top: 1px solid var(--line) }
td:first-child { white-space: nowrap } td:nth-child(2) { color: var(--soft); white-space: nowrap }
@media (max-width: 40rem) { td { display: block; border: 0; padding-block: 0 } td:first-child { border-top: 1px solid var(--line); padding-top: .3rem } }
`;

const script = `
const make = (tag, props, ...children) => { const it = Object.assign(document.createElement(tag), props); it.append(...children.filter((c) => c !== null)); return it; };
const typeOf = (s) => s.$ref ? s.$ref.split('/').pop() : s.const !== undefined ? JSON.stringify(s.const) : s.enum ? s.enum.map((v) => JSON.stringify(v)).join(' | ')
  : s.anyOf ? s.anyOf.map(typeOf).join(' | ') : s.type === 'array' ? 'list of ' + typeOf(s.items || {}) : [s.type || 'anything'].flat().join(' | ');
const row = (name, schema, must, meaning) => make('tr', {}, make('td', {}, make('code', { textContent: name })), make('td', { textContent: typeOf(schema) + (must ? '' : ', optional') }), make('td', { textContent: meaning || '' }));
const fieldRows = (schema, prefix) => Object.entries(schema.properties || {}).flatMap(([name, each]) => [
  row(prefix + name, each, (schema.required || []).includes(name), each.description),
  ...fieldRows(each, prefix + name + '.'), ...(each.type === 'array' && each.items ? fieldRows(each.items, prefix + name + '[].') : []) ]);
const table = (title, rows) => rows.length === 0 ? null : make('section', {}, make('h3', { textContent: title }), make('table', {}, ...rows));
const deref = (doc, schema) => schema && schema.$ref ? schema.$ref.slice(2).split('/').reduce((at, key) => at[key], doc) : schema;
const operation = (doc, path, method, it) => {
  const body = it.requestBody && it.requestBody.content['application/json'];
  const answers = Object.entries(it.responses);
  const [good] = answers.filter(([status]) => status < 300).map(([, r]) => deref(doc, Object.values(r.content || {})[0]?.schema));
  return make('details', { id: it.operationId },
    make('summary', {}, make('b', { className: method, textContent: method.toUpperCase() }), make('code', { textContent: path }), make('span', { textContent: it.summary || '' })),
    make('div', {},
      table('Parameters', (it.parameters || []).map((p) => row(p.name, p.schema, p.required, '(' + p.in + ') ' + (p.description || '')))),
      body ? table('Body', fieldRows(deref(doc, body.schema), '')) : null,
      body && body.example ? make('section', {}, make('h3', { textContent: 'Example' }), make('pre', { textContent: JSON.stringify(body.example, null, 2) })) : null,
      good ? table('Response', fieldRows(good, '')) : null,
      table('Statuses', answers.map(([status, r]) => make('tr', {}, make('td', {}, make('code', { textContent: status })), make('td', { textContent: r.description }))))));
};
const show = (doc) => {
  const groups = doc.tags.map((tag) => ({ tag, operations: Object.entries(doc.paths).flatMap(([path, methods]) => Object.entries(methods).filter(([, it]) => (it.tags || []).includes(tag.name)).map(([method, it]) => operation(doc, path, method, it))) }));
  document.querySelector('header p').textContent = doc.info.description;
  document.querySelector('nav').append(...groups.map(({ tag }) => make('a', { href: '#' + tag.name, textContent: tag.name })));
  document.querySelector('main').replaceChildren(...groups.flatMap(({ tag, operations }) => [make('h2', { id: tag.name, textContent: tag.name }), make('p', { textContent: tag.description }), ...operations]));
  const open = () => { const it = document.getElementById(location.hash.slice(1)); if (it && 'open' in it) it.open = true; if (it) it.scrollIntoView(); };
  addEventListener('hashchange', open); open();
};
fetch('/openapi.json').then((answer) => answer.json()).then(show).catch((error) => { document.querySelector('main').textContent = 'The OpenAPI document could not be loaded: ' + error.message; });
`;

/** The HTML of the page. */
export const docsPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Tidemark API</title><style>${style}</style></head>
<body><header><h1>Tidemark API</h1><p></p></header><nav></nav><main>Reading /openapi.json …</main><script>${script}</script></body>
</html>
`;
