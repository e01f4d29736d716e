// `caisey request …`: what the client is asked, and how an approver answers with a key of his own.

import type { RequestItem, RequestSummary } from '#appliance/protocol/client-message.ts';
import type { EndpointSummary } from '#appliance/protocol/endpoint-summary.ts';
import { listEndpoints, listRequests } from '#appliance/protocol/lists.ts';
import { REQUEST_WORDS } from '#appliance/protocol/request-state.ts';
import type { CheckedRequest } from './checked-request.ts';
import type { Connection } from './connect.ts';
import { CliError } from './error.ts';
import { EXIT } from './exit-code.ts';
import { type Act, connected, type Invocation } from './invocation.ts';
import type { Parent } from './program.ts';
import { confirm } from './prompt.ts';
import { formatMoment, formatSpan } from './quantity.ts';
import { findRequest } from './reference.ts';
import { parseLimit } from './session.ts';
import type { Cell } from './table.ts';
import { parseStatement, statementSigner } from '#crypto/statement.ts';

const ID_HELP = 'the match code, or the beginning of the id';

export function addRequest(parent: Parent, act: Act): void {
  const request = parent
    .command('request')
    .description('what the client is asked, and the answers');
  request
    .command('ls')
    .description('list the requests that wait')
    .option('--all', 'those that are decided, too')
    .option('--limit <n>', 'at most so many', '100')
    .addHelpText('after', '\nExample:\n  $ caisey request ls')
    .action((options) => act((invocation) => list(invocation, options)));
  request
    .command('show')
    .description('show exactly what is asked, checked against what was signed')
    .argument('<id>', ID_HELP)
    .addHelpText('after', '\nExample:\n  $ caisey request show 7QK-2FD')
    .action((id) => act((invocation) => show(invocation, id)));
  addDecision(request, act, 'approve');
  addDecision(request, act, 'deny');
  request
    .command('withdraw')
    .description('take a request of yours back')
    .argument('<id>', ID_HELP)
    .option('--reason <text>', 'why, for the record')
    .addHelpText(
      'after',
      '\nExample:\n  $ caisey request withdraw 7QK-2FD --reason "Wrong machine"',
    )
    .action((id, options) => act((invocation) => withdraw(invocation, id, options)));
  request
    .command('remind')
    .description('tell the approvers of a waiting request once more')
    .argument('<id>', ID_HELP)
    .addHelpText('after', '\nExample:\n  $ caisey request remind 7QK-2FD')
    .action((id) => act((invocation) => remind(invocation, id)));
}

function addDecision(request: Parent, act: Act, decision: 'approve' | 'deny'): void {
  request
    .command(decision)
    .description(`${decision} a request: a signature by your key over exactly this`)
    .argument('<id>', ID_HELP)
    .option('--comment <text>', 'a word for the technician and the record')
    .option('--yes', 'do not ask again')
    .addHelpText('after', `\nExample:\n  $ caisey request ${decision} 7QK-2FD --key carla.key`)
    .action((id, options) => act((invocation) => decide(invocation, id, { decision, ...options })));
}

async function list(
  invocation: Invocation,
  { all = false, limit }: { all?: true | false | undefined; limit: string },
): Promise<void> {
  const { output, terminal } = invocation;
  await using connection = await connected(invocation);
  const requests = await listRequests(connection.client, {
    state: all ? 'all' : 'waiting',
    limit: parseLimit(limit),
  });
  await output.result({ requests }, () => {
    if (requests.length === 0) return all ? 'No request yet.\n' : 'No request waits.\n';
    return output.table(
      ['MATCH', 'STATE', 'ENDPOINT', 'TECHNICIAN', 'ASKED', 'EXPIRES', 'BY', 'COMMAND'],
      requests.map((request) => rowOf(request, terminal.now())),
    );
  });
}

function rowOf(request: RequestItem, nowMs: number): readonly Cell[] {
  const { state, expires } = request;
  const isWaiting = state === 'waiting';
  return [
    { text: request.match, style: 'bold' },
    { text: REQUEST_WORDS[state], style: styleOf(state) },
    request.endpointName,
    request.technician,
    formatMoment(request.requestedAt),
    isWaiting ? `in ${formatSpan(Date.parse(expires) - nowMs)}` : '-',
    endedBy(request).join(', ') || '-',
    request.command + (request.isCut ? ' …' : ''),
  ];
}

/** Who decided: of one that was denied or withdrawn, who did that, not who approved before. */
function endedBy({
  state,
  decidedBy,
}: Pick<RequestSummary, 'state' | 'decidedBy'>): readonly string[] {
  return state === 'denied' || state === 'withdrawn' ? decidedBy.slice(-1) : decidedBy;
}

function stateWords(summary: Pick<RequestSummary, 'state' | 'decidedBy' | 'comment'>): string {
  const names = endedBy(summary);
  const by = names.length === 0 ? '' : ` by ${names.join(', ')}`;
  const comment = summary.comment === null ? '' : `: ${summary.comment}`;
  return `${REQUEST_WORDS[summary.state]}${by}${comment}`;
}

function styleOf(state: RequestSummary['state']): 'yellow' | 'green' | 'red' | 'dim' {
  switch (state) {
    case 'waiting':
      return 'yellow';
    case 'granted':
      return 'green';
    case 'denied':
      return 'red';
    case 'expired':
    case 'withdrawn':
      return 'dim';
    default:
      throw new Error(`unreachable: state ${String(state satisfies never)}`);
  }
}

async function show(invocation: Invocation, id: string): Promise<void> {
  const { output, signal } = invocation;
  await using connection = await connected(invocation);
  const found = await findRequest(connection.client, id);
  const { checkRequest } = await import('./checked-request.ts');
  const checked = await checkRequest(connection, { summary: found, signal });
  // an approver's look at what waits is on record
  const summary = await connection.client.call('request.show', { request: checked.request });
  const runsAs = await runsAsOf(connection, checked);
  await output.result({ ...jsonOf(checked, summary), runsAs }, () =>
    output.facts(factsOf(checked, { summary, runsAs })),
  );
}

type RunsAs = NonNullable<NonNullable<EndpointSummary['host']>['runsAs']> | null;

const NO_FOLDER = 'none is named: the home folder of the user that the agent runs as';

/** As whom and where the endpoint runs commands, by its own word; null when it did not say. */
async function runsAsOf({ client }: Connection, { endpoint }: CheckedRequest): Promise<RunsAs> {
  const endpoints = await listEndpoints(client);
  return endpoints.find((each) => each.endpoint === endpoint)?.host?.runsAs ?? null;
}

function jsonOf(
  { deciding: _, ...checked }: CheckedRequest,
  { state, decidedAt, decidedBy, comment, granted }: RequestSummary,
): object {
  return { ...checked, state, decidedAt, decidedBy, comment, granted };
}

function factsOf(
  checked: CheckedRequest,
  {
    summary,
    runsAs,
  }: { summary: Pick<RequestSummary, 'state' | 'decidedBy' | 'comment'>; runsAs: RunsAs },
): readonly (readonly [string, string | null])[] {
  const { command, cwd, env, state, why } = checked;
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return [
    ['who', `${checked.technician} (${checked.role}, ${checked.msp})`],
    ['where', `${checked.endpointName} at ${checked.client}, ${checked.site}`],
    ['runs', command],
    ['in shell', checked.shell],
    [
      'as user',
      runsAs && `${runsAs.user}${runsAs.isRoot === true ? ', who may do anything there' : ''}`,
    ],
    ['in folder', cwd ?? (runsAs && `${runsAs.folder}, for none is named`) ?? NO_FOLDER],
    ...(variables.length === 0 ? [] : ([['variables', variables.join('\n')]] as const)),
    ['state now', state],
    ['why', why],
    ['asked for', checked.policy],
    ['ended after', formatSpan(checked.timeoutMs)],
    ['expires', formatMoment(checked.expires)],
    ['needs', `${checked.approvals} of the approvers`],
    ['state', stateWords(summary)],
    ['match code', checked.match],
  ];
}

async function decide(
  invocation: Invocation,
  id: string,
  options: {
    decision: 'approve' | 'deny';
    comment?: string | undefined;
    yes?: true | undefined;
  },
): Promise<number> {
  const { output, terminal, signal } = invocation;
  const { decision, comment = null, yes = false } = options;
  await using connection = await connected(invocation);
  const { client, key } = connection;
  const summary = await findRequest(client, id);
  if (summary.state !== 'waiting') {
    throw new CliError(
      'declined',
      `Cannot ${decision}: the request is ${REQUEST_WORDS[summary.state]} already`,
    );
  }
  await checkMayDecide(connection, decision);
  const { checkRequest } = await import('./checked-request.ts');
  const checked = await checkRequest(connection, { summary, signal });
  const { request } = checked;
  await client.call('request.show', { request }); // the look is on record
  if (!yes) {
    const runsAs = await runsAsOf(connection, checked);
    const waiting = { ...summary, comment: null };
    await output.note(output.facts(factsOf(checked, { summary: waiting, runsAs })));
    const question = `${decision === 'approve' ? 'Approve' : 'Deny'} exactly this, as "${key.name}"?`;
    if (!(await confirm(terminal, question, { flag: '--yes' }))) {
      await output.note('Nothing was decided.');
      return EXIT.refused;
    }
  }
  const { signApproval } = await import('#appliance/protocol/session-key.ts');
  const envelope = await signApproval(checked.deciding, {
    ...{ decision, approver: statementSigner(key.signer) },
    nowMs: terminal.now(),
  });
  const { state, index } = await client.call('request.decide', { request, envelope, comment });
  await output.result({ request, decision, state, index }, () => {
    const verb = decision === 'approve' ? 'Approved' : 'Denied';
    const more = state === 'waiting' ? '; another approver is needed' : '';
    return `${verb} ${checked.match}, entry ${index}${more}\n`;
  });
  return EXIT.done;
}

/** Told before anything else is asked; the appliance asks it again. @throws {CliError} code `declined` */
async function checkMayDecide(
  { client, key }: Connection,
  decision: 'approve' | 'deny',
): Promise<void> {
  const { authority } = await client.call('site.statements', {});
  const { statement } = parseStatement(authority);
  const isApprover =
    statement.type === 'authority' &&
    statement.approvers.some((approver) => approver.key === key.key);
  if (isApprover) return;
  throw new CliError('declined', `Cannot ${decision}: "${key.name}" is no approver of the client`, {
    hint: 'An approver decides on the on-site page, or names their own key here: --key FILE. "caisey site approvers" lists them.',
  });
}

async function withdraw(
  invocation: Invocation,
  id: string,
  { reason = null }: { reason?: string | undefined | null },
): Promise<void> {
  await using connection = await connected(invocation);
  const { request, match } = await findRequest(connection.client, id);
  const { index } = await connection.client.call('request.withdraw', { request, reason });
  await invocation.output.result({ request, index }, () => `Withdrew ${match}, entry ${index}\n`);
}

async function remind(invocation: Invocation, id: string): Promise<void> {
  await using connection = await connected(invocation);
  const { request, match } = await findRequest(connection.client, id);
  const { index, to } = await connection.client.call('request.remind', { request });
  await invocation.output.result(
    { request, index, to },
    () => `Reminded ${to ?? 'nobody: no approver is left to ask'} of ${match}, entry ${index}\n`,
  );
}
