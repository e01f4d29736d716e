// The Chromium that browser tests drive: the machine's own, never a download from anywhere but its packages.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Finds Chromium's program by CHROMIUM_PATH, then on PATH; null when there is none. */
export function findChromium(): string | null {
  const named = process.env['CHROMIUM_PATH'];
  if (named !== undefined) return existsSync(named) ? named : null;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/snap/bin'];
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => existsSync(path)) ?? null;
}

/**
 * Installs Chromium when it is missing and this is root on Debian or Ubuntu; else says what will be skipped.
 * A failing installation is said and not an error: the tests that want Chromium are then skipped, aloud.
 */
export function provideChromium(log: (line: string) => void): void {
  if (findChromium() !== null) return;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync('/usr/bin/apt-get')) {
    log('No Chromium here: install it, or set CHROMIUM_PATH, to run the browser tests too');
    return;
  }
  log('Installing Chromium from the Debian packages, for the browser tests (first run only) …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '--yes', '--no-install-recommends', '-qq', 'chromium'];
  for (const args of [['update', '-qq'], install]) {
    const { status, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' });
    if (status === 0) continue;
    log(`Cannot install Chromium: apt-get ${args.join(' ')}: ${stderr.trim()}`);
    return;
  }
}
