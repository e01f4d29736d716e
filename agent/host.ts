// Facts about the machine for the heartbeat: what an operator looks at first, read at once and without a shell.

import { statfs } from 'node:fs/promises';
import {
  arch,
  cpus,
  freemem,
  hostname,
  loadavg,
  platform,
  release,
  totalmem,
  uptime,
} from 'node:os';

import { commandFolder, currentUser } from './shell/environment.ts';

/** The machine as it is now. Numbers are whole but for the load. */
export interface HostFacts {
  readonly hostname: string;
  /** As Node names it: `linux`, `darwin`, `win32`. */
  readonly os: string;
  /** As Node names it: `x64`, `arm64`. */
  readonly arch: string;
  /** The release of the system's kernel. */
  readonly version: string;
  readonly uptimeS: number;
  /** Load average over one minute, in hundredths; 0 on Windows, which has none. */
  readonly load1: number;
  readonly cpuCount: number;
  readonly memoryTotalBytes: number;
  readonly memoryFreeBytes: number;
  /** Of the file system that holds the given folder; free is what the agent's user may still fill. */
  readonly diskTotalBytes: number;
  readonly diskFreeBytes: number;
  readonly runtime: 'node' | 'deno';
  readonly runtimeVersion: string;
  /** As whom commands run, and where one starts that names no folder. */
  readonly runsAs: {
    readonly user: string;
    /** Null on Windows, where it takes more than a look. */
    readonly isRoot: boolean | null;
    readonly folder: string;
  };
}

/**
 * Reads the facts. `folder` is the agent's data folder: its disk is the one that must not fill up.
 * @throws {Error} the system's, when the folder does not exist
 */
export async function readHostFacts(folder: string): Promise<HostFacts> {
  const disk = await statfs(folder);
  return {
    hostname: hostname(),
    os: platform(),
    arch: arch(),
    version: release(),
    uptimeS: Math.floor(uptime()),
    load1: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    cpuCount: cpus().length,
    memoryTotalBytes: totalmem(),
    memoryFreeBytes: freemem(),
    diskTotalBytes: disk.blocks * disk.bsize,
    diskFreeBytes: disk.bavail * disk.bsize,
    ...readRuntime(),
    runsAs: {
      user: currentUser().name,
      isRoot: process.getuid === undefined ? null : process.getuid() === 0,
      folder: commandFolder(),
    },
  };
}

/** Which runtime runs the agent. Deno's `process.version` is the Node version that it stands in for. */
function readRuntime(): Pick<HostFacts, 'runtime' | 'runtimeVersion'> {
  const { Deno } = globalThis as { Deno?: { version?: { deno?: unknown } } }; // Deno's own types are not loaded
  const version = Deno?.version?.deno;
  if (typeof version === 'string') return { runtime: 'deno', runtimeVersion: version };
  return { runtime: 'node', runtimeVersion: process.versions.node };
}
