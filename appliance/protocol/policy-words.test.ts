import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type PolicyRule, policySchema, presetPolicy } from '#crypto/policy.ts';
import { policyWords, type RuleWords } from './policy-words.ts';

const ASK = { approvals: 1, expires_s: 1800 };

/** The words of a policy with these rules. */
function wordsOf(rules: readonly Partial<PolicyRule>[], ask: Partial<PolicyRule['ask']> = {}) {
  const whole = rules.map((rule, i) => ({ id: `rule-${i}`, effect: 'allow', ...rule }));
  const policy = { time_zone: 'Europe/Berlin', rules: whole, ask: { ...ASK, ...ask } };
  return policyWords(policySchema.parse(policy), { approvers: [{ id: 'carol', name: 'Carol' }] });
}

function whats(rules: readonly RuleWords[]): readonly string[] {
  return rules.map(({ what }) => what);
}

const words = suite('policyWords()');

words('policyWords() sums up each preset in a sentence that says what it does', () => {
  const summaryOf = (name: Parameters<typeof presetPolicy>[0]): string =>
    policyWords(presetPolicy(name, 'Europe/Berlin')).summary;
  const never = 'some kinds of command are never run';
  assert.is(summaryOf('careful'), `Every command asks first, and ${never}.`);
  assert.is(
    summaryOf('standard'),
    `Reading runs at once; everything else asks first, and ${never}.`,
  );
  assert.is(
    summaryOf('after-hours'),
    `Reading runs at once; some commands run at once, at certain hours; everything else asks first, and ${never}.`,
  );
});

words('policyWords() says each rule of the presets, with the reason that was signed', () => {
  const { allowed, asked, refused, hours, terms } = policyWords(presetPolicy('after-hours', 'UTC'));
  assert.is(allowed[0]?.what, 'commands that only read, and nothing that may be secret');
  assert.is(
    allowed.find(({ rule }) => rule === 'night-restart')?.what,
    'systemctl with exactly “restart *.service”, for owners and technicians, every day from 18:00 to 08:00 the next day',
  );
  assert.is(
    allowed.find(({ rule }) => rule === 'weekend-dns-cache-cmdlet')?.what,
    'Clear-DnsClientCache without arguments, for owners and technicians, on Saturday and Sunday from 08:00 to 18:00',
  );
  assert.is(asked[0]?.what, 'systemctl with “restart systemd-*” among its arguments');
  assert.match(refused[0]?.what ?? '', /^mkfs, mkfs\.\*, .* or bcdedit, when it changes something/);
  assert.is(refused[0]?.why, 'Erases a disk or keeps the machine from starting.');
  assert.is(
    refused.find(({ rule }) => rule === 'no-format')?.what,
    'format, in cmd, powershell or pwsh',
  );
  assert.is(hours, 'Hours are those of UTC.');
  assert.is(terms, 'One approver must approve within 30 minutes.');
});

words('policyWords() does not say that something runs at once which another rule asks', () => {
  const said = wordsOf([{ access: 'read-only' }, { effect: 'ask' }]);
  assert.equal([said.allowed, whats(said.asked)], [[], ['every command']]);
  assert.is(said.summary, 'Every command asks first.');
  assert.is(said.otherwise, 'Every command that is not refused asks first.');
});

words('policyWords() says that nothing runs when everything is refused', () => {
  const said = wordsOf([{ access: 'read-only' }, { effect: 'ask' }, { effect: 'deny' }]);
  assert.equal([said.allowed, said.asked, whats(said.refused)], [[], [], ['every command']]);
  assert.is(said.summary, 'Nothing is run here, whoever asks.');
});

words('policyWords() does not call reading allowed everywhere when it is allowed somewhere', () => {
  const somewhere = [
    { labels: ['till', 'kiosk'] },
    { roles: ['owner' as const] },
    { window: { days: [1, 2, 3, 4, 5], from: '09:00', to: '17:00' } },
    { programs: ['ls'] },
  ];
  for (const criteria of somewhere) {
    const { summary } = wordsOf([{ access: 'read-only', ...criteria }]);
    assert.match(summary, /^Some commands run at once/, JSON.stringify(criteria));
  }
  assert.equal(whats(wordsOf(somewhere).allowed), [
    'every command, on machines labelled till and kiosk',
    'every command, for owners',
    'every command, Monday to Friday from 09:00 to 17:00',
    'ls',
  ]);
});

words('policyWords() tells arguments that must be exact from those found anywhere', () => {
  const forms = [['status', '**'], ['**'], [], ['/flushdns']];
  const of = (effect: PolicyRule['effect']) =>
    wordsOf(forms.map((patterns) => ({ effect, programs: ['tool'], arguments: patterns })));
  assert.equal(whats(of('allow').allowed), [
    'tool with “status” and whatever follows',
    'tool with any arguments',
    'tool without arguments',
    'tool with exactly “/flushdns”',
  ]);
  assert.equal(whats(of('deny').refused), [
    'tool with “status” among its arguments',
    'tool',
    'tool',
    'tool with “/flushdns” among its arguments',
  ]);
});

words('policyWords() names who must approve, and by id whom the authority does not name', () => {
  const ladder = [{ after_s: 90, approvers: ['dave'] }];
  const approvers = ['carol', 'dave'];
  assert.is(
    wordsOf([], { approvers, approvals: 2, expires_s: 7200, ladder }).terms,
    '2 of Carol and dave must approve within 2 hours. After 90 seconds without an answer dave is asked as well.',
  );
  assert.is(
    wordsOf([{ effect: 'ask', ask: { ...ASK, approvers: ['carol'] } }]).asked[0]?.terms,
    'Carol must approve within 30 minutes.',
  );
  assert.is(wordsOf([]).hours, null);
});

words.run();
