// `caisey site …`: found a site, look at it, and change what is in force: people, approvers, policy.

import { Argument, Option } from '@commander-js/extra-typings';

import { LEVEL_CHOICES, PRESET_CHOICES, ROLE_CHOICES } from './choices.ts';
import type { Act } from './invocation.ts';
import { PAGE_ADDRESS } from './place.ts';
import type { Parent } from './program.ts';

const INIT_HELP = `
Founds a site and makes its keys. They belong to different people: the MSP root says who may ask,
the client's authority says who may allow, and neither can replace the other. Give the client his.

The approver decides on the appliance's own page by a PIN. It is asked for twice, unseen, or read
from --pin-file. With --approver-key the approver can also decide from a command line.

Example:
  $ caisey site init --client "Corner Bakery" --site "Main Street" --msp "Acme IT" \\
      --owner "Olga Owner" --approver "Carla Client" --policy standard --time-zone Europe/Berlin`;

export function addSite(parent: Parent, act: Act): void {
  const site = parent
    .command('site')
    .description('found a site, look at it, change what is in force');
  addInit(site, act);
  site
    .command('status')
    .description('the site, its log and its appliance')
    .addHelpText('after', '\nExample:\n  $ caisey site status --format json | jq .size')
    .action(() =>
      act(async (invocation) => (await import('./site-status.ts')).showStatus(invocation)),
    );
  addCertifyRoot(site, act);
  addPeople(site, act);
  addApprovers(site, act);
  addPolicy(site, act);
  addLevel(site, act);
}

function addInit(site: Parent, act: Act): void {
  site
    .command('init')
    .description('found a site: keys, first statements, log')
    .requiredOption('--client <name>', "the client's name")
    .requiredOption('--site <name>', "the site's name")
    .requiredOption('--msp <name>', "the service provider's name")
    .requiredOption('--owner <name>', 'your name: the first who may ask')
    .requiredOption('--approver <name>', 'the first who may allow, of the client')
    .option('--approver-key <file>', "write the approver's key there, too")
    .option('--pin-file <file>', 'the approver\'s PIN; "-" reads it from standard input')
    .addOption(
      new Option('--policy <preset>', 'what is allowed at first')
        .choices(PRESET_CHOICES)
        .default('standard' as const),
    )
    .option('--time-zone <zone>', 'IANA name, for the hours that the policy means')
    .option('--console-host <host>', "first part of the log's name", 'caisey.local')
    .option(
      '--listen <multiaddr>',
      'where it is reached (/ip4/0.0.0.0/tcp/4010); may be repeated',
      collect,
    )
    .option('--http <host:port>', 'the on-site page and the log; "none" for neither', PAGE_ADDRESS)
    .option('--no-mdns', 'do not announce the appliance on the local network')
    .addHelpText('after', INIT_HELP)
    .action((options) =>
      act(async (invocation) => (await import('./found-site.ts')).initSite(invocation, options)),
    );
}

const CERTIFY_HELP = `
By its root key, the site's own MSP says: rosters by these roots count here, too. So the people of a
console's organisation may ask at a site that was founded without it. It holds for ten years, and
cannot be called back: compare the code with what the console shows, on both screens.

The console shows the whole command ("Add a site"); what this prints is pasted there.

Example:
  $ caisey site certify-root 'ed25519:… webauthn:…'`;

function addCertifyRoot(site: Parent, act: Act): void {
  site
    .command('certify-root')
    .description("let another root sign who may ask: an organisation's of a console")
    .argument('<root>', 'the root set, as the console shows it; "-" reads it from standard input')
    .option('--root-key <file>', 'the MSP root key; by default keys/msp-root.key in your home')
    .option('--yes', 'do not ask', false)
    .addHelpText('after', CERTIFY_HELP)
    .action((root, options) =>
      act(async (invocation) =>
        (await import('./certify-root.ts')).certifyRoot(invocation, root, options),
      ),
    );
}

function addPeople(site: Parent, act: Act): void {
  const people = site.command('people').description('who may ask: the roster, by the MSP root');
  people
    .command('ls', { isDefault: true })
    .description('list them')
    .addHelpText('after', '\nExample:\n  $ caisey site people ls')
    .action(() =>
      act(async (invocation) => (await import('./site-change.ts')).listPeople(invocation)),
    );
  people
    .command('add')
    .description('let somebody ask (signs by keys/msp-root.key)')
    .requiredOption('--name <name>', 'the name')
    .requiredOption('--public-key <key>', 'the line that "caisey key show" prints there')
    .addOption(
      new Option('--role <role>', 'what the person may do')
        .choices(ROLE_CHOICES)
        .default('technician' as const),
    )
    .option('--id <id>', 'short id; by default made of the name')
    .option('--root-key <file>', 'the MSP root key; by default keys/msp-root.key in your home')
    .addHelpText(
      'after',
      '\nExample:\n  $ caisey site people add --name "Terry Technician" --public-key ed25519:…',
    )
    .action((options) =>
      act(async (invocation) => (await import('./site-change.ts')).addPerson(invocation, options)),
    );
  people
    .command('rm')
    .description('let somebody ask no more; open sessions of that person end')
    .argument('<id>', 'the short id')
    .option('--root-key <file>', 'the MSP root key; by default keys/msp-root.key in your home')
    .addHelpText('after', '\nExample:\n  $ caisey site people rm terry-technician')
    .action((id, options) =>
      act(async (invocation) =>
        (await import('./site-change.ts')).removePerson(invocation, id, options),
      ),
    );
}

function addApprovers(site: Parent, act: Act): void {
  const approvers = site
    .command('approvers')
    .description("who may allow, by the client's authority key");
  approvers
    .command('ls', { isDefault: true })
    .description('list them')
    .addHelpText('after', '\nExample:\n  $ caisey site approvers ls')
    .action(() =>
      act(async (invocation) => (await import('./site-change.ts')).listApprovers(invocation)),
    );
  approvers
    .command('add')
    .description('let somebody allow (signs by keys/authority.key)')
    .requiredOption('--name <name>', 'the name')
    .requiredOption('--public-key <key>', 'the line that "caisey key show" prints there')
    .option('--id <id>', 'short id; by default made of the name')
    .option(
      '--authority-key <file>',
      "the client's key; by default keys/authority.key in your home",
    )
    .addHelpText(
      'after',
      '\nExample:\n  $ caisey site approvers add --name "Carl Client" --public-key ed25519:…',
    )
    .action((options) =>
      act(async (invocation) =>
        (await import('./site-change.ts')).addApprover(invocation, options),
      ),
    );
  approvers
    .command('rm')
    .description('let somebody allow no more')
    .argument('<id>', 'the short id')
    .option(
      '--authority-key <file>',
      "the client's key; by default keys/authority.key in your home",
    )
    .addHelpText('after', '\nExample:\n  $ caisey site approvers rm carl-client')
    .action((id, options) =>
      act(async (invocation) =>
        (await import('./site-change.ts')).removeApprover(invocation, id, options),
      ),
    );
}

function addPolicy(site: Parent, act: Act): void {
  const policy = site
    .command('policy')
    .description("what is allowed, asked and denied, by the client's authority key");
  policy
    .command('show', { isDefault: true })
    .description('show the rules in force')
    .addHelpText(
      'after',
      '\nTo change rules, take them as a file, edit it, and give it to "caisey site policy set".\n' +
        '\nExample:\n  $ caisey site policy show --format json > policy.json',
    )
    .action(() =>
      act(async (invocation) => (await import('./site-change.ts')).showPolicy(invocation)),
    );
  policy
    .command('set')
    .description('put other rules in force (signs by keys/authority.key)')
    .argument(
      '<policy>',
      `a file as "policy show --format json" prints it, or ${PRESET_CHOICES.join(', ')}`,
    )
    .option('--time-zone <zone>', 'IANA name, for a preset; by default the one in force')
    .option(
      '--authority-key <file>',
      "the client's key; by default keys/authority.key in your home",
    )
    .addHelpText('after', '\nExample:\n  $ caisey site policy set after-hours')
    .action((name, options) =>
      act(async (invocation) =>
        (await import('./site-change.ts')).setPolicy(invocation, name, options),
      ),
    );
}

const LEVEL_HELP = `
sealed: how many machines, sessions and requests there are, no names. standard: names and states of
machines, too. open: the text of commands, too. The site's own page offers the same choice by PIN.

Example:
  $ caisey site level set sealed --key carla.key`;

function addLevel(site: Parent, act: Act): void {
  const level = site
    .command('level')
    .description("what the console may know of the site, by an approver's key");
  level
    .command('show', { isDefault: true })
    .description('show the level in force')
    .addHelpText('after', '\nExample:\n  $ caisey site level show')
    .action(() =>
      act(async (invocation) => (await import('./site-level.ts')).showLevel(invocation)),
    );
  level
    .command('set')
    .description("put another level in force (signs by an approver's key: --key)")
    .addArgument(new Argument('<level>', 'what may be told').choices(LEVEL_CHOICES))
    .addHelpText('after', LEVEL_HELP)
    .action((name) =>
      act(async (invocation) => (await import('./site-level.ts')).setLevel(invocation, name)),
    );
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
