// The hand-over, asked as a host would that nobody should trust: nothing is certified or joined without the code of
// the terminal, which is good once.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { verifyHandOver } from '#ui/lib/hand-over.ts';
import type { ComputerUp } from '#ui/server/this-computer-message.ts';
import { HandOver, MAX_WRONG_CODES } from './start-hand-over.ts';
import { type CliSite, openCliSite } from './testing/cli-site.ts';
import { openJoinConsole } from './testing/join-console.ts';
import { createKeyed } from './testing/live-site.ts';
import { openMesh } from './testing/mesh.ts';

const { key: rootKeys } = await createKeyed();

function openDesk({ home }: CliSite) {
  const said: string[] = [];
  const restarts: string[] = [];
  const desk = new HandOver({
    home,
    say: (text) => said.push(text),
    restartAppliance: () => Promise.resolve(void restarts.push('restarted')),
  });
  return { desk, said, restarts };
}

const kindOf = (answer: ComputerUp | null): string =>
  answer === null ? 'none' : answer.kind === 'refused' ? answer.code : answer.kind;

const hand = suite('HandOver');

hand(
  'certifies the root and tells who may ask, for who has the code; and says the root’s code',
  async () => {
    await using site = await openCliSite();
    const { desk, said } = openDesk(site);
    const seen = await desk.answer({ kind: 'look', id: 1 });
    assert.ok(seen?.kind === 'site');
    assert.equal(
      [seen.site.client, seen.site.site, seen.site.joined],
      ['Corner Bakery', 'Main Street', null],
    );
    const code = desk.code.toLowerCase().replace('-', ' ');
    const answer = await desk.answer({ kind: 'begin', id: 2, code, rootKeys });
    assert.ok(answer?.kind === 'begun');
    const handed = await verifyHandOver(answer.begun, { rootKeys, atMs: Date.now() });
    assert.is(handed.by, seen.site.root);
    assert.equal(
      handed.members.map(({ id }) => id),
      ['olga-owner'],
    );
    assert.is(handed.rosterVersion, 1);
    assert.ok(said.join('\n').includes(`before you sign there:  ${handed.code}\n`));
    assert.match(said.join('\n'), /lets the root [0-9A-Z]{4}(-[0-9A-Z]{4}){2} say who may ask/);
    const again = await desk.answer({ kind: 'begin', id: 3, code, rootKeys });
    assert.is(kindOf(again), 'wrong-code', 'it is good once');
    assert.ok(said.join('\n').includes(desk.code), 'and the next for a page that was closed');
  },
);

hand('makes another code after some wrong ones, and says it', async () => {
  await using site = await openCliSite();
  const { desk, said } = openDesk(site);
  const first = desk.code;
  for (let i = 1; i <= MAX_WRONG_CODES; i++) {
    assert.is(desk.code, first);
    const wrong = await desk.answer({ kind: 'begin', id: i, code: 'WRNG-WRNG', rootKeys });
    assert.is(kindOf(wrong), 'wrong-code');
  }
  assert.is.not(desk.code, first);
  assert.ok(said.join('').includes(desk.code));
  const late = await desk.answer({ kind: 'begin', id: 9, code: first, rootKeys });
  assert.is(kindOf(late), 'wrong-code');
});

hand('counts wrong codes that come at once', async () => {
  await using site = await openCliSite();
  const { desk } = openDesk(site);
  const first = desk.code;
  const tries = Array.from({ length: MAX_WRONG_CODES }, (_, i) =>
    desk.answer({ kind: 'begin', id: i + 1, code: `${i}`, rootKeys }),
  );
  await Promise.all(tries);
  assert.is(
    kindOf(await desk.answer({ kind: 'begin', id: 9, code: first, rootKeys })),
    'wrong-code',
  );
});

hand('joins after the code alone, once, and starts the appliance anew', async () => {
  await using mesh = await openMesh();
  await using site = await openCliSite();
  await using door = await openJoinConsole(mesh, { joins: 'founded' });
  const { desk, restarts } = openDesk(site);
  const join = { kind: 'join', id: 1, token: door.token } as const;
  assert.is(kindOf(await desk.answer(join)), 'not-begun');
  await desk.answer({ kind: 'begin', id: 2, code: desk.code, rootKeys });
  assert.is(kindOf(await desk.answer(join)), 'joined');
  assert.equal(restarts, ['restarted']);
  assert.is(kindOf(await desk.answer(join)), 'not-begun');
  const seen = await desk.answer({ kind: 'look', id: 3 });
  assert.equal(seen?.kind === 'site' && seen.site.joined, { site: 'site-1', relay: mesh.key });
});

hand('tells the terminal what failed, and the host no more than that', async () => {
  await using site = await openCliSite();
  const { desk, said } = openDesk(site);
  await desk.answer({ kind: 'begin', id: 1, code: desk.code, rootKeys });
  const failed = await desk.answer({ kind: 'join', id: 2, token: 'caisey-join1.AAAA' });
  assert.is(kindOf(failed), 'failed');
  assert.not(JSON.stringify(failed).includes('caisey-join1'));
  assert.match(said.join('\n'), 'not a whole join token');
  assert.ok(said.join('').includes(desk.code), 'and the code for another try');
});

hand('answers nothing that is not a question of the host', async () => {
  await using site = await openCliSite();
  const { desk } = openDesk(site);
  for (const strange of [
    null,
    'look',
    {},
    { kind: 'look' },
    { kind: 'look', id: 0 },
    { kind: 'run', id: 1 },
    { kind: 'begin', id: 1, code: desk.code, rootKeys: 'x' },
  ]) {
    assert.is(await desk.answer(strange), null);
  }
});

hand.run();
