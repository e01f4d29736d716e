// `npm run demo -- --out DIR [--agent-runtime node|deno]`: the story of a firewall rule at 2 AM, unattended, with
// real commands on this machine. An appliance and an agent run as processes of their own; a technician works
// through the appliance's protocol, and the client's contact approves on the on-site page, with a PIN.
//
// The rule stands in a rules file in a temporary folder: the demonstration changes nothing of this machine's own
// firewall. What it leaves in DIR is real evidence, that `caisey verify` checks with the network off. DIR must be
// new, empty, or left by an earlier demonstration.
//
// Exit codes: 0 told, and the tampering was refused · 1 something failed · 2 wrong use, or a DIR that is not ours.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { isSystemError } from '#agent/error.ts';
import { openJudge } from '#agent/policy/decide.ts';
import { systemWords } from '#agent/system-error.ts';
import type { Client } from '#appliance/protocol/client.ts';
import { type EvidenceReport, verifyEvidence } from '#crypto/evidence.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import { renderTranscript } from '#crypto/transcript.ts';
import { formatTrustFile, type Trust } from '#crypto/trust-file.ts';
import type { Runtime } from './caisey-process.ts';
import { approveOnPage } from './testing/on-site-visitor.ts';
import { openProcessSite, type ProcessSite } from './testing/process-site.ts';
import { openWorkingSession, type WorkingSession } from './testing/technician.ts';

const USAGE = 'Usage: npm run demo -- --out DIR [--agent-runtime node|deno]';

const HELP = `${USAGE}

Tells the story of a firewall rule at 2 AM, unattended, in some ten seconds, with real commands on this
machine; nothing of its own firewall is changed. It leaves evidence, trust file, transcript and log in DIR.

  --out DIR                  new, empty, or left by an earlier demonstration
  --agent-runtime node|deno  what the endpoint's agent runs on (node)

Exit codes: 0 told, and the tampering was refused; 1 something failed; 2 wrong use, or a DIR that is not ours`;

const RULES = `# Rules of SRV-FILES-01, read by the packet filter
pass  in proto tcp to port 22   from 10.0.0.0/8      # maintenance
block in proto tcp to port 445  from 10.0.0.0/8      # Block SMB Inbound
pass  in proto tcp to port 3389 from 10.0.9.0/24     # remote desktop
`;

interface Options {
  readonly out: string;
  readonly runtime: Runtime;
}

/** Its presence says that a folder is a demonstration's. */
const MARK = 'caisey-demo.txt';

/** What the demonstration counted and timed: the last line that it prints. */
interface Summary {
  readonly verdict: EvidenceReport['verdict'];
  readonly entries: number;
  readonly commands: number;
  readonly approvals: number;
  readonly log_size: number;
  readonly tampered: 'refused' | 'ACCEPTED';
  readonly agent_runtime: Runtime;
  readonly set_up_ms: number;
  readonly session_ms: number;
  readonly verify_ms: number;
  readonly total_ms: number;
}

/** Tells the story; answers its summary. */
async function demonstrate({ out, runtime }: Options): Promise<Summary> {
  const startedMs = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'caisey-demo-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const rules = join(folder, 'firewall.rules');
  await writeFile(rules, RULES);

  say('A site', `an appliance for "Corner Bakery", and an agent on ${runtime}, on this machine`);
  const site = stack.use(await openProcessSite());
  const { endpoint } = await site.addAgent({ name: 'SRV-FILES-01', runtime, labels: ['server'] });
  const client = stack.use(await site.connect(site.technician));
  const status = await client.call('site.status', {});
  say('Ready', `SRV-FILES-01 is online; the site's page is at ${status.http ?? 'nowhere'}`);
  const setUpMs = performance.now() - startedMs;

  const session = await openWorkingSession(client, {
    ...{ as: site.technician, endpoint, log: status.origin },
    reason: 'Nobody reaches the file server since the last update.',
  });
  await tellSession({ session, site, client, rules, page: status.http ?? '' });
  const sessionMs = performance.now() - startedMs - setUpMs;

  const verifyStartedMs = performance.now();
  const report = await leave({ out, client, session, site });
  const tampered = await isTamperingRefused(out, site);
  const verifyMs = performance.now() - verifyStartedMs;
  const { size } = await leaveLog(client, join(out, 'log'));
  return {
    verdict: report.verdict,
    entries: report.summary.entries,
    commands: report.summary.commands,
    approvals: report.summary.approvals,
    log_size: size,
    tampered: tampered ? 'refused' : 'ACCEPTED',
    agent_runtime: runtime,
    set_up_ms: Math.round(setUpMs),
    session_ms: Math.round(sessionMs),
    verify_ms: Math.round(verifyMs),
    total_ms: Math.round(performance.now() - startedMs),
  };
}

interface Stage {
  readonly session: WorkingSession;
  readonly site: ProcessSite;
  readonly client: Client;
  readonly rules: string;
  readonly page: string;
}

/** The session itself: look, ask, change, check, say so, close. */
async function tellSession({ session, site, client, rules, page }: Stage): Promise<void> {
  const chat = (who: Client, text: string) =>
    who.call('chat.say', { session: session.session, text });
  say('Opened', 'Terry Technician opens a session; from here on everything is in the signed log');
  await show(session, 'uname -sr');
  await show(session, `cat ${rules}`);
  await show(session, `grep -n 445 ${rules}`);
  await chat(client, 'The SMB rule blocks your own network. I would like to open it; please look.');
  say(
    'Chat',
    'Terry: "The SMB rule blocks your own network. I would like to open it; please look."',
  );

  const change = `sed -i 's/^block in proto tcp to port 445 /pass  in proto tcp to port 445 /' ${rules}`;
  say(
    'A change',
    `${change}\n           it is not on the list of what only reads: the client is asked`,
  );
  const running = session.run(change, {
    state: `cat ${rules}`,
    why: 'Rule "Block SMB Inbound" must let the office in. State now: block. Proposed: pass.',
  });
  await session.entry(({ leaf }) => leaf.k === 'approval.notified');
  const { requests } = await client.call('request.list', { state: 'waiting', limit: 1 });
  const [request] = requests;
  if (request === undefined) throw new Error('Cannot demonstrate: nothing waits for approval');
  say('Waiting', `match code ${request.match}; nothing runs until somebody at the bakery agrees`);
  const approver = { id: 'carla', pin: site.pin };
  await approveOnPage(`${page}requests/${request.request}`, { ...approver, comment: 'Go ahead.' });
  say(
    'Approved',
    'Carla Client, on the on-site page, with her PIN: a signature over this very command',
  );
  const { exitCode } = await running;
  say('Changed', `exit code ${exitCode ?? '?'}; the state before and after is on record`);

  await show(session, `grep -n 445 ${rules}`);
  const forbidden = await session.run('mkfs.ext4 /dev/sda1');
  say(
    'Forbidden',
    `mkfs.ext4 /dev/sda1\n           ${forbidden.outcome}: ${forbidden.problem ?? ''}`,
  );
  {
    await using carla = await site.connect(site.approver);
    await chat(carla, 'Thanks, the shares are back.');
  }
  say('Chat', 'Carla: "Thanks, the shares are back."');
  await session.close('SMB rule opened for the office network; shares verified.');
  say('Closed', 'the session is over; its record is whole');
}

async function show(session: WorkingSession, command: string): Promise<void> {
  const before = session.output('stdout').length;
  const { outcome, exitCode } = await session.run(command);
  const printed = Buffer.from(session.output('stdout').subarray(before)).toString('utf8');
  const lines = printed.trimEnd().split('\n').join('\n           ');
  say('$', `${command}\n           ${lines === '' ? `(${outcome} ${exitCode ?? ''})` : lines}`);
}

/** Leaves evidence, trust and transcript in DIR, verified as an insurer would. */
async function leave({
  out,
  client,
  session,
  site,
}: Pick<Stage, 'client' | 'session' | 'site'> & { out: string }): Promise<EvidenceReport> {
  const chunks: Buffer[] = [];
  await client.call(
    'records.export',
    { session: session.session },
    {
      onEvent: (event) => {
        if (event.kind === 'chunk') chunks.push(Buffer.from(event.data, 'base64'));
      },
    },
  );
  const evidence = Buffer.concat(chunks);
  const trust = trustIn(site);
  const report = await verifyEvidence(evidence, { trust, judge: await openJudge() });
  await writeFile(join(out, 'session.evidence.json'), evidence);
  await writeFile(join(out, 'trust.json'), formatTrustFile(trust));
  await writeFile(join(out, 'transcript.txt'), renderTranscript(report));
  say('Evidence', `${evidence.length} bytes, ${report.verdict}`);
  for (const { name, outcome, detail } of report.checks) {
    if (outcome !== 'not-applicable')
      say(`  ${outcome === 'passed' ? 'ok' : 'NO'}`, `${name}: ${detail}`);
  }
  if (report.verdict !== 'verified')
    throw new Error('Cannot demonstrate: the evidence does not hold');
  return report;
}

/** Changes one letter of the evidence, and has it verified again. */
async function isTamperingRefused(out: string, site: ProcessSite): Promise<boolean> {
  const text = await readFile(join(out, 'session.evidence.json'), 'utf8');
  const changed = Buffer.from(text.replace('pass  in proto', 'block in proto'));
  if (changed.equals(Buffer.from(text))) throw new Error('Cannot demonstrate: nothing to change');
  let verdict = 'unusable';
  try {
    ({ verdict } = await verifyEvidence(changed, { trust: trustIn(site), judge: null }));
  } catch {
    // not even readable as evidence: refused all the same
  }
  const isRefused = verdict !== 'verified';
  const words = isRefused ? 'refused, as it must be' : 'ACCEPTED, which must never be';
  say('Tampering', `one word of the recorded output changed: ${words}`);
  return isRefused;
}

function trustIn({ log, root, authority }: ProcessSite): Trust {
  const key = parseVerifierKey(log);
  return {
    policy: { logs: [{ key }], witnesses: [], groups: [], quorum: null },
    sites: [{ log: key.name, mspRoot: root.key, authorityKey: authority.key }],
  };
}

/** Writes the log as a tlog-tiles directory, as `caisey log export` does. */
async function leaveLog(client: Client, folder: string): Promise<{ files: number; size: number }> {
  await rm(folder, { recursive: true, force: true });
  const written = await client.call(
    'log.export',
    {},
    {
      onEvent: async (event) => {
        if (event.kind !== 'file') return;
        const path = join(folder, event.path);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, Buffer.from(event.data, 'base64'));
      },
    },
  );
  say('The log', `${written.size} entries, ${written.files} files in ${folder}`);
  return written;
}

function say(label: string, text: string): void {
  process.stdout.write(`${label.padEnd(10)} ${text}\n`);
}

/** Makes DIR ours. Answers why it cannot be; null when it is. */
async function takeFolder(out: string): Promise<string | null> {
  try {
    return await markFolder(out);
  } catch (cause) {
    const words = systemWords(cause);
    if (words === null) throw cause;
    const why = isSystemError(cause, 'EEXIST') ? 'it is a file, not a folder' : words;
    return `Cannot demonstrate in "${out}": ${why}. Give a folder that is new or empty.`;
  }
}

async function markFolder(out: string): Promise<string | null> {
  await mkdir(out, { recursive: true });
  const found = await readdir(out);
  if (found.length > 0 && !found.includes(MARK)) {
    return `Cannot demonstrate in "${out}": it holds other files. Give a folder that is new or empty.`;
  }
  if (found.length > 0) say('Folder', `${out}: replacing what an earlier demonstration left`);
  await writeFile(
    join(out, MARK),
    'Left by "npm run demo", which replaces it when it runs here again.\n',
  );
  return null;
}

/** What is asked for, or why it is not understood. */
function parseOptions(argv: readonly string[]): Options | 'help' | { readonly refusal: string } {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        out: { type: 'string' },
        'agent-runtime': { type: 'string', default: 'node' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (cause) {
    const [why = ''] = (cause instanceof Error ? cause.message : '').split('. ');
    return { refusal: `Cannot demonstrate: ${why}\n${USAGE}` };
  }
  const { out, 'agent-runtime': runtime, help = false } = values;
  if (help) return 'help';
  if (out === undefined) return { refusal: `Cannot demonstrate: --out DIR is missing\n${USAGE}` };
  if (runtime === 'node' || runtime === 'deno') return { out: resolve(out), runtime };
  return { refusal: `Cannot demonstrate: no agent runs on "${runtime}"\n${USAGE}` };
}

function refuse(why: string): number {
  process.stderr.write(`${why}\n`);
  return 2;
}

/** Runs what was asked for. Answers the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv);
  if (options === 'help') {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  if ('refusal' in options) return refuse(options.refusal);
  const occupied = await takeFolder(options.out);
  if (occupied !== null) return refuse(occupied);
  const summary = await demonstrate(options);
  process.stdout.write(
    `\nVerify it yourself: npm run -s caisey -- verify ${join(options.out, 'session.evidence.json')} --trust ${join(options.out, 'trust.json')}\n`,
  );
  process.stdout.write(`${JSON.stringify(summary)}\n`);
  return summary.tampered === 'refused' ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
