// Runs in the page and returns what is wrong with it for people who do not see it, see it badly, or use no mouse.
(() => {
  const complaints = [];
  const complain = (element, what) =>
    complaints.push(`${what}: ${element.outerHTML.replace(/\s+/g, ' ').slice(0, 160)}`);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  // Names, roughly as browsers compute them.
  const textOf = (element) =>
    [...element.childNodes]
      .map((node) =>
        node.nodeType === Node.TEXT_NODE
          ? node.textContent
          : node.nodeType !== Node.ELEMENT_NODE || node.getAttribute('aria-hidden') === 'true'
            ? ''
            : (node.getAttribute('aria-label') ?? node.getAttribute('alt') ?? textOf(node)),
      )
      .join('');
  const nameOf = (element) => {
    const labelledBy = element.getAttribute('aria-labelledby');
    if (labelledBy !== null) return document.getElementById(labelledBy)?.textContent ?? '';
    const own = element.getAttribute('aria-label') ?? element.getAttribute('alt');
    if (own !== null) return own;
    if ('labels' in element && element.labels?.length > 0) return [...element.labels].map(textOf).join(' ');
    return textOf(element) || element.getAttribute('title') || '';
  };
  const named =
    'a[href], button, input, select, textarea, meter, progress, dialog, nav, [role=region], [role=img], [role=group], svg[role]';
  for (const element of all(named))
    if (nameOf(element).trim() === '' && isShown(element)) complain(element, 'has no name');
  for (const element of all('img:not([alt])')) complain(element, 'has no alternative text');
  for (const element of all('svg:not([role]):not([aria-hidden])')) complain(element, 'is a picture without a role');

  // Structure.
  if (document.documentElement.lang === '') complaints.push('the document has no language');
  if (document.title.trim() === '') complaints.push('the document has no title');
  for (const selector of ['h1', 'main', 'header'])
    if (all(selector).length !== 1) complaints.push(`there are ${all(selector).length} of ${selector}`);
  let level = 0;
  for (const heading of all('main :is(h1, h2, h3, h4)')) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) complain(heading, `the heading skips a level after h${level}`);
    level = next;
  }
  const ids = all('[id]').map(({ id }) => id);
  for (const id of ids.filter((each, index) => ids.indexOf(each) !== index))
    complaints.push(`two elements have the id ${id}`);
  // What is in a picture is not read out: its name is.
  for (const table of all('table:not([role=img] *)'))
    if (table.caption === null || table.querySelector('th[scope]') === null) complain(table, 'has no caption or scope');
  for (const list of all('ul, ol'))
    for (const child of list.children) if (child.tagName !== 'LI') complain(child, 'is in a list and not an item');

  // The keyboard reaches whatever can be pressed, and everything that scrolls.
  for (const element of all('a[href], button, input, select'))
    if (element.tabIndex < 0 && isShown(element)) complain(element, 'cannot be reached by keyboard');
  for (const element of all('main *')) {
    const { overflowX, overflowY } = getComputedStyle(element);
    const scrolls =
      (/auto|scroll/.test(overflowX) && element.scrollWidth > element.clientWidth + 1) ||
      (/auto|scroll/.test(overflowY) && element.scrollHeight > element.clientHeight + 1);
    if (scrolls && element.tabIndex < 0 && !/^(input|select)$/i.test(element.tagName))
      complain(element, 'scrolls by mouse only');
  }
  if (document.documentElement.scrollWidth > innerWidth) complaints.push(`the page is wider than ${innerWidth} px`);

  // Contrast, as WCAG 2 counts it at level AA.
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgbOf = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) =>
    [r, g, b]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
      .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const ratio = (one, other) => {
    const [high, low] = [luminance(one), luminance(other)].sort((left, right) => right - left);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    const box = element.closest('svg g')?.querySelector('rect');
    if (box !== undefined && box !== null) return rgbOf(getComputedStyle(box).fill);
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = rgbOf(getComputedStyle(at).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.textContent.trim() === '' || !isShown(element) || element.closest('.skip, .unseen, :disabled') !== null)
      continue;
    const { color, fill, fontSize, fontWeight } = getComputedStyle(element);
    const foreground = rgbOf(element instanceof SVGElement ? fill : color);
    const isLarge = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && Number(fontWeight) >= 700);
    const found = ratio(foreground, behind(element));
    if (found < (isLarge ? 3 : 4.5)) complain(element, `has a contrast of ${found.toFixed(2)}`);
  }
  return complaints;
})();
