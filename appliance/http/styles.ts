// The page's only style sheet, inline and named by its hash in the Content-Security-Policy. System fonts, both
// colour schemes, nothing is fetched. Contrast is WCAG AA; whatever can be pressed is 44 px high.

import { encodeBase64 } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { sha256 } from '#crypto/hash.ts';

export const STYLES = `
:root {
  color-scheme: light dark;
  --paper: #f6f5f1; --card: #fffefb; --ink: #1d2430; --quiet: #565e6c; --line: #d5d3ca; --edge: #7c828c;
  --accent: #1d4f91; --code: #f0eee6; --mark: #ffdf8a; --mark-ink: #3a2700;
  --yes: #17623a; --no: #9c2b23; --on: #ffffff;
  --warn: #fff3d6; --warn-line: #b98a1d; --good: #e4f3e9; --good-line: #3c8a5c; --bad: #fbe7e4; --bad-line: #b6463c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --card: #1c2027; --ink: #e9e7e1; --quiet: #aab1bd; --line: #363c46; --edge: #858d9a;
    --accent: #9cc3f7; --code: #11141a; --mark: #6b5210; --mark-ink: #fff0c9;
    --yes: #1f7a49; --no: #b23a31; --on: #ffffff;
    --warn: #352a10; --warn-line: #b98a1d; --good: #14301f; --good-line: #3c8a5c; --bad: #3a1b18; --bad-line: #c4584d;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif; }
a { color: var(--accent); text-underline-offset: .2em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
header, main, footer { max-width: 46rem; margin: 0 auto; padding: 0 1.25rem; overflow-wrap: anywhere; }
header { padding-top: 1.25rem; }
header { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0 1.5rem; }
header a { display: inline-flex; align-items: center; min-height: 44px; color: inherit; text-decoration: none; font-weight: 650; }
header a:hover { text-decoration: underline; }
nav { display: flex; flex-wrap: wrap; gap: 0 1.25rem; }
nav a { color: var(--accent); font-weight: 500; }
nav a[aria-current] { color: inherit; text-decoration: underline; text-decoration-thickness: 2px; text-underline-offset: .4em; }
footer { padding-top: 1rem; padding-bottom: 3rem; color: var(--quiet); font-size: .9375rem; }
h1 { font-size: 1.625rem; line-height: 1.25; margin: .75rem 0 1.25rem; letter-spacing: -.01em; text-wrap: balance; }
h2 { font-size: 1.125rem; line-height: 1.35; margin: 0 0 .5rem; }
main > h2 { margin-top: 2.5rem; }
p { margin: 0 0 .75rem; }
p:last-child, ul:last-child, dl:last-child { margin-bottom: 0; }
.quiet { color: var(--quiet); font-size: .9375rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem; margin: 0 0 1rem; }
.card h3 { font-size: 1.0625rem; line-height: 1.4; margin: 0 0 .35rem; }
.said { margin: 0; padding: 0 0 0 1rem; border-left: 3px solid var(--edge); }
.said span { white-space: pre-wrap; }
.said + p, .choice + p { margin-top: .75rem; }
.empty { text-align: center; padding: 2.5rem 1.25rem; }
.empty strong { display: block; font-size: 1.25rem; margin-bottom: .35rem; }
.list { list-style: none; margin: 0; padding: 0; }
.list li + li { border-top: 1px solid var(--line); margin-top: .75rem; padding-top: .75rem; }
.list a { display: block; padding: .6rem 0; }
dl.facts { display: grid; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr); gap: .5rem 1.25rem; margin: 0; }
dl.facts dt { color: var(--quiet); }
dl.facts dd { margin: 0; min-width: 0; }
time .quiet { display: block; }
code { font: .9375em/1.5 ui-monospace, "SFMono-Regular", "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace; }
pre { margin: .25rem 0 .75rem; padding: .9rem 1rem; background: var(--code); border: 1px solid var(--line); border-radius: 8px; }
pre:last-child { margin-bottom: 0; }
pre code, .taste code, dd code { white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; direction: ltr; unicode-bidi: bidi-override; }
pre.exact { border: 2px solid var(--edge); }
mark { background: var(--mark); color: var(--mark-ink); border-radius: 3px; padding: 0 .15em; }
.note { border: 1px solid; border-left-width: 6px; border-radius: 8px; padding: .9rem 1rem; margin: 0 0 1.25rem; }
.card .note { margin: .75rem 0; }
.note.warn { background: var(--warn); border-color: var(--warn-line); }
.note.good { background: var(--good); border-color: var(--good-line); }
.note.bad { background: var(--bad); border-color: var(--bad-line); }
.note strong { display: block; }
.cells { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem; margin: .5rem 0 1rem; padding: 0; }
.cells span { display: inline-flex; align-items: center; justify-content: center; width: 2.75rem; height: 3.5rem; background: var(--code);
  border: 2px solid var(--edge); border-radius: 8px; font: 650 1.75rem/1 ui-monospace, Consolas, "DejaVu Sans Mono", monospace; }
.cells span.gap { width: .75rem; border: 0; background: none; }
details { margin-top: -.6rem; }
details summary { cursor: pointer; min-height: 44px; display: flex; align-items: center; gap: .5rem; font-weight: 600; }
details summary::before { content: "▸"; }
details[open] summary::before { content: "▾"; }
legend { padding: 0; }
label, legend { display: block; font-weight: 600; margin: 0 0 .3rem; }
.field { margin: 0 0 1.1rem; }
.field .quiet { margin: .3rem 0 0; }
input, select, textarea { width: 100%; min-height: 48px; padding: .6rem .75rem; font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--edge); border-radius: 8px; }
input[type="password"] { max-width: 20rem; letter-spacing: .1em; }
textarea { min-height: 5.5rem; resize: vertical; }
fieldset { border: 0; padding: 0; margin: 0 0 1.1rem; min-width: 0; }
.option { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 .6rem; margin: 0 0 .75rem; }
.option label { padding: .55rem 0; margin: 0; line-height: 1.4; }
input[type="radio"] { width: 1.35rem; min-height: 1.35rem; height: 1.35rem; margin: .7rem 0 0; padding: 0; accent-color: var(--accent); }
.rules { margin: 0; padding: 0 0 0 1.1rem; overflow-wrap: anywhere; }
.rules li { margin: 0 0 .6rem; }
.rules li:last-child { margin-bottom: 0; }
.option p.quiet { margin: 0; }
dl.facts + p { margin-top: .9rem; }
.code { font: 650 1.5rem/1.4 ui-monospace, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.qr svg { display: block; width: 100%; max-width: 15rem; height: auto; border-radius: 8px; }
main > .note:first-child { margin-top: .75rem; }
p.after { margin-top: .9rem; }
.choice { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
button, .button { display: inline-flex; align-items: center; justify-content: center; min-height: 52px; padding: .6rem 1.5rem; border: 2px solid transparent;
  border-radius: 10px; font: inherit; font-weight: 650; cursor: pointer; color: var(--on); text-decoration: none; }
button.yes { background: var(--yes); }
button.no { background: var(--no); }
button:hover { filter: brightness(1.1); }
.button { min-height: 44px; padding: .45rem 1.1rem; color: var(--accent); border-color: currentColor; background: none; }
.button:hover { text-decoration: underline; }
.links { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; }
.links a { display: inline-flex; align-items: center; min-height: 44px; }
.card > .button { margin-top: .9rem; }
.away { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
[hidden] { display: none; }
@media (max-width: 30rem) {
  header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  .card { padding: 1rem; }
  dl.facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dl.facts dd { margin-bottom: .75rem; }
  .cells span { width: 2.2rem; height: 3rem; font-size: 1.4rem; }
  .cells span.gap { width: .25rem; }
  .choice { gap: .75rem; }
  .code { font-size: 1.0625rem; }
  button { padding: .6rem .75rem; }
}
@media (forced-colors: active) { button, .button, mark { border: 1px solid; } }
@media print { header, footer, form { display: none; } .card { break-inside: avoid; } }
`;

/** The style sheet's name in a Content-Security-Policy. */
export const STYLES_SOURCE = `'sha256-${encodeBase64(sha256(encodeUtf8(STYLES)))}'`;
