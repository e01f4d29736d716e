// The door of a fresh clone: installs what is missing, then runs a script on the pinned Node.
//
//   node scripts/setup.mjs [--as-is] <script.ts> [arguments]
//
// With --as-is what is there is used, though it be of another version: a verb of the CLI must not exchange the
// packages under an appliance that runs from them. Only where there is nothing at all it installs.
//
// Plain JavaScript without dependencies, for whatever Node (18 or later) the machine happens to have. The lock
// file alone decides what is installed, with its hashes: `npm ci` does not choose versions by the Node that runs
// it, as `npm install` would. Packages' own install scripts are not run; every native part that we use comes
// prebuilt inside its package.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const onWindows = process.platform === 'win32';

const given = process.argv.slice(2);
const isAsIs = given[0] === '--as-is';
const [script, ...rest] = isAsIs ? given.slice(1) : given;
if (script === undefined)
  stop('Usage: node scripts/setup.mjs [--as-is] <script.ts> [arguments]', 2);
if (isAsIs && existsSync(join(modules, '.package-lock.json')))
  sayWhenOld(); // written when npm was done
else if (!isInstalled()) install();
const node = pinnedNode();
linkNode(node);
run(node, [script, ...rest]);

/** Says whether node_modules holds what the lock file demands; npm keeps its own lock file in there. */
function isInstalled() {
  const wanted = readPackages(join(root, 'package-lock.json'));
  if (wanted === null) stop('Cannot set up: package-lock.json is missing or damaged', 1);
  const found = readPackages(join(modules, '.package-lock.json'));
  if (found === null) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true;
    const have = found[path];
    if (have === undefined) return optional === true; // another platform's
    return have.version === version && have.integrity === integrity;
  });
}

function sayWhenOld() {
  if (isInstalled()) return;
  console.error(
    'Note: the packages are not those of package-lock.json; "npm start" installs them.',
  );
}

function readPackages(file) {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null;
  } catch {
    return null; // half-written by an interrupted installation
  }
}

function install() {
  const first = !existsSync(modules);
  console.error(
    first
      ? 'Installing the pinned tools and packages from the npm registry (first run only) …'
      : 'Installing again: node_modules does not match package-lock.json …',
  );
  const started = Date.now();
  const { command, args } = npm();
  must(command, [...args, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  // What Deno's install script would do: put its binary where node_modules/.bin/deno points. No network.
  must(process.execPath, [join(modules, 'deno', 'install.cjs')]);
  console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

/** Finds the npm that started us, else the one on PATH. */
function npm() {
  const path = process.env.npm_execpath;
  if (path !== undefined && /npm-cli\.[cm]?js$/.test(path)) {
    return { command: process.execPath, args: [path] };
  }
  return { command: onWindows ? 'npm.cmd' : 'npm', args: [] };
}

function must(command, args) {
  const shell = command.endsWith('.cmd');
  // npm's report goes to stderr too: stdout belongs to the script that was asked for.
  const { status, error } = spawnSync(command, args, { cwd: root, shell, stdio: ['ignore', 2, 2] });
  if (error) stop(`Cannot install: ${command}: ${error.message}`, 1);
  if (status !== 0) stop('Cannot install: see the messages above', 1);
}

function pinnedNode() {
  const platform = onWindows ? 'win' : process.platform;
  const file = onWindows ? 'node.exe' : 'node';
  const pinned = join(modules, `node-${platform}-${process.arch}`, 'bin', file);
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return stop(
    `Cannot run: no pinned Node for ${process.platform} ${process.arch} in package.json; ` +
      `install Node 24 or later (this is ${process.version})`,
    1,
  );
}

/** npm before version 11 links no program of the name `node`; scripts want ours first on PATH all the same. */
function linkNode(node) {
  const link = join(modules, '.bin', onWindows ? 'node.cmd' : 'node');
  if (existsSync(link)) return;
  rmSync(link, { force: true }); // a link that points to nothing
  if (onWindows) writeFileSync(link, `@"${node}" %*\r\n`);
  else symlinkSync(relative(dirname(link), node), link);
}

function run(node, args) {
  const path = [join(modules, '.bin'), process.env.PATH].filter(Boolean).join(delimiter);
  const child = spawn(node, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal gives Ctrl-C to the whole group: the child has it already.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => stop(`Cannot run ${args[0]}: ${error.message}`, 1));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

function stop(message, code) {
  console.error(message);
  process.exit(code);
}
