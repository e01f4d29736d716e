// `bench command`: the whole way of `true`, from a running client: the order signed, logged, proved, run, recorded
// and shown; beside `ssh` over a kept connection. Appliance, agent and client are processes of their own.

import { useNativeCrypto } from '#agent/protocol/native-crypto.ts';
import { openWorkingSession } from '../testing/technician.ts';
import { openProcessSite } from '../testing/process-site.ts';
import type { BenchOptions } from './main.ts';
import { quantile } from './quantile.ts';
import { round } from './round.ts';
import { openKeptSsh } from './sshd.ts';

/** A client that has just started is slower: its first commands are a figure of their own. */
const FIRST = 40;
/** So many until what runs is compiled, in three processes; ssh has nothing of the kind. */
const WARM_UP = 1000;
const SSH_WARM_UP = 100;
const RUNS = 400;
/** The two are measured in turns, so that a busy moment of the machine falls on both. */
const TURN = 40;

/**
 * Answers p50 and p95 in milliseconds, p50 of the first commands after the start, and the ratio of ours to ssh's p50
 * (below 1: ours is quicker).
 */
export async function bench({
  log,
}: BenchOptions): Promise<Record<string, number | string | null>> {
  useNativeCrypto();
  await using site = await openProcessSite();
  const { endpoint } = await site.addAgent({ name: 'bench' });
  await using client = await site.connect(site.technician);
  const session = await openWorkingSession(client, {
    ...{ as: site.technician, endpoint },
    log: site.log.split('+')[0] ?? '',
  });
  const ours = async (): Promise<void> => {
    const { outcome, problem } = await session.run('true');
    if (outcome !== 'exited') throw new Error(`Cannot measure: ${outcome}: ${problem ?? ''}`);
  };
  await using ssh = await openKeptSsh();
  if (ssh === null) log('OpenSSH is not installed: its figure is null');
  const theirs = ssh && (() => ssh.exec('true'));
  const first = await measure(ours, FIRST);
  await measure(ours, WARM_UP);
  if (theirs !== null) await measure(theirs, SSH_WARM_UP);
  const oursMs: number[] = [];
  const sshMs: number[] = [];
  for (let done = 0; done < RUNS; done += TURN) {
    oursMs.push(...(await measure(ours, TURN)));
    if (theirs !== null) sshMs.push(...(await measure(theirs, TURN)));
    log(`${done + TURN} of ${RUNS}`);
  }
  await session.close();
  const p50 = quantile(oursMs, 0.5);
  const sshP50 = theirs === null ? null : quantile(sshMs, 0.5);
  return {
    p50_ms: round(p50),
    p95_ms: round(quantile(oursMs, 0.95)),
    first_p50_ms: round(quantile(first, 0.5)),
    ssh_p50_ms: sshP50 === null ? null : round(sshP50),
    ssh_p95_ms: theirs === null ? null : round(quantile(sshMs, 0.95)),
    ssh_shell: ssh?.shell ?? null,
    ratio: sshP50 === null ? null : round(p50 / sshP50),
    runs: RUNS,
  };
}

async function measure(run: () => Promise<void>, times: number): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < times; i++) {
    const startedMs = performance.now();
    await run();
    samples.push(performance.now() - startedMs);
  }
  return samples;
}
