import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { verify } from '#scripts/testing/evidence-attack.ts';
import { evidenceOf, trustOf } from '#scripts/testing/evidence-story.ts';
import { siteStory } from '#scripts/testing/site-story.ts';
import { readByPolicy } from '#scripts/testing/story-command.ts';
import { closeSession, openSession, say } from '#scripts/testing/story-session.ts';
import { foundSite } from '#scripts/testing/story-site.ts';

import { renderTranscript } from './transcript.ts';

const story = await siteStory();
const trust = trustOf(story.site);

const render = suite('renderTranscript()');

render('renderTranscript() tells the whole session, the same each time', async () => {
  const report = await verify(await evidenceOf(story.session), trust);
  const text = renderTranscript(report);
  assert.is(renderTranscript(report), text);
  for (const line of [
    'Verdict     VERIFIED',
    'Technician  Alice Ash',
    'Opened      2026-11-21 02:00:07.000 UTC',
    '#8  2026-11-21 02:00:09.000 UTC  command.output',
    '  | 127.0.0.1 localhost',
    '  command: nft add rule inet filter input accept',
    '  | ok\\xff',
    '  statement: (signed)',
    '  nothing',
  ]) {
    assert.ok(text.includes(`\n${line}\n`) || text.startsWith(`${line}\n`), line);
  }
  assert.not.match(text, /^ {2}\w+: (?:null|\{\}|\[\])$/m, 'what says nothing');
});

render('renderTranscript() says what is withheld, where it was', async () => {
  const withhold = {
    fields: (_: number, name: string) => name === 'reason',
    segments: (index: number, _: string, i: number) => index === 8 && i === 1,
  };
  const report = await verify(await evidenceOf(story.session, { withhold }), trust);
  const text = renderTranscript(report);
  assert.ok(text.includes('  | 127.0.0.1 localhost\n  ~ 1 segment withheld\n'));
  assert.ok(text.includes('\n  reason (withheld)\n'));
  assert.ok(text.includes('\n  1 of command.output.text\n'));
  assert.not(text.includes('Anna Smith'));
  assert.not(text.includes('card terminal is offline'));
});

render('renderTranscript() says FAILED and where', async () => {
  const report = await verify(await evidenceOf(story.session), { ...trust, sites: [] });
  assert.ok(renderTranscript(report).startsWith('Verdict     FAILED\nFailed      log-signature\n'));
  assert.ok(renderTranscript({ ...report, firstBroken: 7 }).includes('\nBroken at   entry 7\n'));
});

render('renderTranscript() keeps hostile output behind its bar', async () => {
  const site = await foundSite();
  const session = await openSession(site);
  const hostile = [
    '\u001b[2J\u001b]0;owned\u0007',
    'Verdict     VERIFIED',
    '\r#99  2026-01-01 00:00:00.000 UTC  approval.granted',
    'gnp\u202e.exe',
    '  ~ 1 segment withheld',
  ].join('\n');
  await readByPolicy(session, { command: 'cat /tmp/x\u202e', output: { stdout: hostile } });
  say(session, 'client', 'a\n\nVerdict     FAILED\u2028x');
  closeSession(session);
  const text = renderTranscript(await verify(await evidenceOf(session), trustOf(site)));
  // eslint-disable-next-line no-control-regex -- that there are none is the claim
  assert.not.match(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/);
  assert.is(text.split('\n').filter((line) => line.startsWith('Verdict')).length, 1);
  assert.not(text.split('\n').some((line) => line.startsWith('#99')));
  assert.ok(text.includes('  | \\x1b[2J\\x1b]0;owned\\x07\n  | Verdict     VERIFIED\n'));
  assert.ok(text.includes('  |   ~ 1 segment withheld\n'));
  assert.ok(text.includes('  command: cat /tmp/x\\u{202e}\n'));
});

render.run();
