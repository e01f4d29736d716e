// Whether and how an approved command ran, as the record has it.

import { html } from 'hono/html';

import type { FieldsOf } from '#crypto/kind.ts';
import { visibleText } from '#crypto/visible.ts';
import type { Run } from './course.ts';
import { formatWait, moment, type WallClock } from './moment.ts';
import type { Html } from './page.ts';

type Exit = FieldsOf<'command.exited'>;

/** The run of a command, and the entry of the record that says so. */
export function runCard(run: Run, clock: WallClock): Html {
  return html`<div class="card">
    <h2>Did it run?</h2>
    ${said(run)}
    <dl class="facts">${runFacts(run, clock)}</dl>
  </div>`;
}

function said(run: Run): Html {
  switch (run.state) {
    case 'ahead':
      return html`<p><strong>Not run yet.</strong> It is on its way to the machine.</p>`;
    case 'running':
      return html`<p><strong>Still running.</strong></p>`;
    case 'never':
      return html`<p>
        <strong>It never ran:</strong> the session ended before. Your approval counts for nothing
        else.
      </p>`;
    case 'refused': {
      const why = run.fields === null ? '' : visibleText(run.fields.why);
      return html`<p><strong>It did not run.</strong> ${why}</p>`;
    }
    case 'ended':
      return run.fields === null
        ? html`<p><strong>It ran.</strong> How it ended was erased since.</p>`
        : html`<p><strong>${endWords(run.fields)}</strong></p>
            ${run.fields.problem === null ? '' : html`<p>${visibleText(run.fields.problem)}</p>`}`;
    default:
      throw new Error(`unreachable: run ${String(run satisfies never)}`);
  }
}

/** `It ran, exit code 0.` */
function endWords({ outcome, exit_code: exitCode, signal }: Exit): string {
  switch (outcome) {
    case 'exited':
      return exitCode === 0 || exitCode === null
        ? `It ran, exit code ${exitCode ?? 'unknown'}.`
        : `It ran, exit code ${exitCode}: mostly that means that it failed.`;
    case 'signalled':
      return `It ran, and was ended by the signal ${visibleText(signal ?? 'unknown')}.`;
    case 'timed-out':
      return 'It ran, and was ended because it took too long.';
    case 'cancelled':
      return 'It was stopped while it ran.';
    case 'not-started':
      return 'It could not be started.';
    case 'interrupted':
      return 'It began, and how it ended is not known: the machine was lost meanwhile.';
    default:
      throw new Error(`unreachable: outcome ${String(outcome satisfies never)}`);
  }
}

function runFacts(run: Run, clock: WallClock): Html | '' {
  if (run.state === 'ahead') return '';
  const ago = { isRelative: true };
  const began = run.state === 'running' ? run.atMs : run.state === 'ended' ? run.beganMs : null;
  return html`${
      began === null
        ? ''
        : html`<dt>Began</dt>
            <dd>${moment(began, clock, ago)}</dd>`
    }
    ${
      run.state === 'running'
        ? ''
        : html`<dt>${run.state === 'ended' ? 'Ended' : 'When'}</dt>
            <dd>${moment(run.atMs, clock, ago)}${tookWords(run)}</dd>`
    }
    ${outputFacts(run)}
    <dt>Record</dt>
    <dd>Entry ${run.index}</dd>`;
}

function tookWords(run: Run): string {
  const tookMs = run.state === 'ended' ? (run.fields?.duration_ms ?? null) : null;
  return tookMs === null
    ? ''
    : `, after ${tookMs < 1000 ? 'less than a second' : formatWait(tookMs)}`;
}

function outputFacts(run: Run): Html | '' {
  if (run.state === 'running') {
    return html`<dt>Printed</dt>
      <dd>${formatBytes(run.bytes)} so far</dd>`;
  }
  if (run.state !== 'ended' || run.fields === null) return '';
  const { stdout_bytes: out, stderr_bytes: errors, dropped_bytes: dropped } = run.fields;
  return html`<dt>Printed</dt>
    <dd>
      ${formatBytes(out + errors)}${errors === 0 ? '' : `, ${formatBytes(errors)} of it as errors`}${
        dropped === 0 ? '' : `; ${formatBytes(dropped)} more were not kept`
      }
    </dd>`;
}

/** `nothing`, `1 byte`, `312 bytes`, `4.2 kB`. */
export function formatBytes(bytes: number): string {
  if (bytes === 0) return 'nothing';
  if (bytes < 1000) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  return bytes < 1_000_000
    ? `${(bytes / 1000).toFixed(1)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
