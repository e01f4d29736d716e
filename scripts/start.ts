// `npm start`: everything on this machine, ready for the next command and the first visitor. A site with its appliance
// and an agent (`start-site.ts`), and the console with its relay (`start-console.ts`), until Ctrl+C.
//
//   node scripts/start.ts [--no-console]
//
// Everything lies in CAISEY_HOME (~/.caisey), where the CLI looks for it.
//
// An appliance or an agent that ends by itself is started again, a few times (`kept-daemon.ts`); the rest stays meanwhile,
// and after. When the console ends, all does.
//
// Exit codes: 0 stopped by a signal · 1 failed, or another of them ended · 2 wrong use, or the site of this home runs
// already.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { loadConfig, placesIn } from '#appliance/config.ts';
import { lockOwner } from '#appliance/ledger/lock.ts';
import { systemClock } from '#appliance/work/clock.ts';
import { PAUSES_MS, WINDOW_MS } from './kept-daemon.ts';
import { openBrowser } from './open-browser.ts';
import { openConsole, type StartedConsole } from './start-console.ts';
import { choosePorts } from './start-ports.ts';
import { commandFor, ENDPOINT, openSite } from './start-site.ts';

const USAGE = `Usage: npm start [-- --no-console]

Runs a site on this machine (appliance and agent), and the console, until Ctrl+C. The first start founds the site. An
appliance or an agent that ends by itself is started again, ${PAUSES_MS.length} times in ${WINDOW_MS / 60_000} minutes.

Options:
  --no-console   the site alone: no console, no relay
  -h, --help     show this, and start nothing

Ports:
  3000        127.0.0.1        the console's pages: PORT=3100 npm start takes another
  4020, 4021  127.0.0.1        the console's relay
  8420        127.0.0.1        the client's page on site: "http" in appliance/site.json
  4010        every interface  the appliance, for machines and technicians: "listen" in appliance/site.json
  5353 (UDP)  every interface  appliance and agent, mDNS: the appliance's by "mdns" in appliance/site.json
  Where one of the console's is taken at the first start, it takes the next free one, and keeps it. To keep the
  appliance to this computer: "listen": ["/ip4/127.0.0.1/tcp/4010"], "mdns": false; then start again.

Folders, in CAISEY_HOME (~/.caisey):
  site.json, trust.json, keys/  what you pin, and your keys: keep a copy of keys/
  appliance/                    the site: its log, its second place, its keys, site.json
  agent/                        this machine as an endpoint
  console/                      accounts, directory, ports.json

No browser is opened where BROWSER=none, over ssh, or without a display. DATABASE_URL and RELAY_ANNOUNCE, which
"npm run console" goes by, do not count here.

Exit codes: 0 stopped; 1 failed, or a part ended for good; 2 wrong use, or the site runs already.
`;

/** Runs all of it until a signal, or until a part ends. Answers the exit code. */
async function start(home: string, { hasConsole }: { hasConsole: boolean }): Promise<number> {
  if (await isRunning(home)) return 2;
  const stop = onSignals();
  try {
    await using stack = new AsyncDisposableStack();
    const ports = hasConsole
      ? await choosePorts(join(home, 'console'), { wanted: process.env['PORT'], say })
      : null;
    const site = stack.use(await openSite({ home, say, clock: systemClock, signal: stop.signal }));
    const page = await pageOf(home);
    sayWhatNext({ home, page });
    const { signal } = stop;
    const open = ports === null ? null : await tryConsole({ home, ports, site, signal });
    if (open !== null) {
      stack.use(open);
      sayConsole(open, { isJoined: await isJoined(home) });
    }
    sayCodes({ code: open?.code ?? null, pin: site.pin, page });
    if (!signal.aborted) say('\nCtrl+C stops everything; what was recorded stays.');
    const end = await Promise.race([
      stop.asked,
      site.ended.then(allEnds),
      open?.ended ??
        site.isWithoutAppliance.then(() => allEnds('Without its appliance nothing here is of use')),
    ]);
    if (end === null) {
      say(`\nStopping; the site and its log stay in ${home}`);
      return 0;
    }
    say(`\n${end}`);
    return 1;
  } catch (cause) {
    if (stop.signal.aborted) return 0; // what was not up yet was stopped on its way
    throw cause;
  }
}

function allEnds(why: string): string {
  return `${why}, so everything ends. What it said stands above; "npm start" starts all of it again.`;
}

/** A site is of use without its console: what failed is said, and the site goes on. */
async function tryConsole(
  options: Omit<Parameters<typeof openConsole>[0], 'say'>,
): Promise<StartedConsole | null> {
  try {
    return await openConsole({ ...options, say });
  } catch (cause) {
    if (options.signal.aborted) return null; // it was stopped on its way
    const words = cause instanceof Error ? cause.message : String(cause);
    process.stderr.write(
      `\n${words}\n\nThe console is not there. The site goes on, and the commands above work.\n`,
    );
    return null;
  }
}

function onSignals(): { readonly asked: Promise<null>; readonly signal: AbortSignal } {
  const { promise, resolve } = Promise.withResolvers<null>();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stop.abort(); // asked twice as well: who left at once would leave appliance and agent behind
      resolve(null);
    });
  }
  return { asked: promise, signal: stop.signal };
}

/** Whether the appliance of this home runs already; then it is said where. */
async function isRunning(home: string): Promise<boolean> {
  const folder = join(home, 'appliance');
  const pid = await lockOwner(placesIn(folder).log);
  if (pid === null) return false;
  const { listen } = await loadConfig(folder);
  const page = (await pageOf(home)) ?? 'none';
  const status = `${commandFor(home)} site status`;
  process.stderr.write(
    `The site in ${home} runs already: process ${pid}, page ${page}, endpoints reach it at ${listen.join(' ')}\n` +
      `"${status}" shows it. To start it anew, stop that process first (Ctrl+C where it runs, or: kill ${pid}).\n`,
  );
  return true;
}

/** Whether the site belongs to a console already: most likely to this one. */
async function isJoined(home: string): Promise<boolean> {
  return (await loadConfig(join(home, 'appliance'))).console !== undefined;
}

function sayConsole(
  { origin }: StartedConsole,
  { isJoined: belongs }: { isJoined: boolean },
): void {
  const isOpened = openBrowser(origin);
  const next = belongs
    ? `The site of this computer is in a console's organisation. The code is for when the page offers to bring it in.`
    : `The first to open it founds the organisation, and makes a signing key. To bring the site of this computer into
  it, the page asks for the code, which is good once.`;
  say(
    `\nThe console is at  ${origin}${isOpened ? '  (opening it in your browser)' : ''}\n\n  ${next}`,
  );
}

/** What is typed somewhere, last: what was said before has scrolled away. The PIN is said here and nowhere else. */
function sayCodes({
  code,
  pin,
  page,
}: {
  code: string | null;
  pin: string | null;
  page: string | null;
}): void {
  const where = page === null ? '' : ` at ${page}`;
  const lines = [
    ...(code === null ? [] : [`  Code  ${code}  for the console`]),
    ...(pin === null
      ? []
      : [
          `  PIN   ${pin}  the client's, to approve${where}; write it down: it is kept nowhere in clear`,
        ]),
  ];
  if (lines.length > 0) say(`\n${lines.join('\n')}`);
}

/** The page on site; null: none is configured. */
async function pageOf(home: string): Promise<string | null> {
  const { http } = await loadConfig(join(home, 'appliance'));
  return http === null ? null : `http://${http.host}:${http.port}`;
}

function sayWhatNext({ home, page }: { home: string; page: string | null }): void {
  const command = commandFor(home);
  say(`
The site is up. In another terminal:

  see it            ${command} ls
  look at something ${command} run ${ENDPOINT} -- uname -a
  change something  ${command} run ${ENDPOINT} --why "to try it" -- touch /tmp/hello-caisey

The last one waits for the client: ${
    page === null ? 'approve it with the key file.' : `open ${page} and approve it with the PIN.`
  }

  then read the record  ${command} session ls --all
                        ${command} records export <session>
  and check it          ${command} verify <session>.evidence.json --trust ${join(home, 'trust.json')}

Another machine of this network, with its own clone of this repository:

  here   ${command} endpoint token --name web > token    (lets one machine in, once)
  there  npm run -s caisey -- agent enrol --dir DIR --token-file token
         npm run -s caisey -- agent run --dir DIR
  here   ${command} endpoint verify web           (compare the fingerprint that enrolling it printed)

When the PIN is lost: nobody can read it out. Give the client a key file instead, and take the old key away:

  ${command} key create client.key --name "Client contact"
  ${command} site approvers add --id client-2 --name "Client contact" --public-key KEY-IT-PRINTED
  ${command} site approvers rm client-contact
  ${command} request approve CODE --key client.key`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

interface Options {
  readonly hasConsole: boolean;
  readonly isHelp: boolean;
}

/** What is asked for, or what of it is not understood. */
function parseOptions(argv: readonly string[]): Options | { readonly refusal: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { 'no-console': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    return { hasConsole: values['no-console'] !== true, isHelp: values.help === true };
  } catch (cause) {
    const [why = ''] = (cause instanceof Error ? cause.message : String(cause)).split('. ');
    return { refusal: `Cannot start: ${why}` };
  }
}

const options = parseOptions(process.argv.slice(2));
if ('refusal' in options) {
  process.stderr.write(`${options.refusal}\n\n${USAGE}`);
  process.exitCode = 2;
} else if (options.isHelp) {
  process.stdout.write(USAGE);
} else {
  try {
    const home = process.env['CAISEY_HOME'] ?? join(homedir(), '.caisey');
    process.exitCode = await start(home, options);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
