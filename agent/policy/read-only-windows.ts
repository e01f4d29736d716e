// Windows programs and cmd built-ins that only read, and with which arguments; for cmd and PowerShell.

type Reads = (args: readonly string[]) => boolean;

/** Tells whether a Windows program, called so, only reads. The ending `.exe` may be there. */
export function isWindowsReadOnly(program: string, args: readonly string[]): boolean {
  const name = program.toLowerCase().replace(/\.exe$/, '');
  return !args.some(isFarPath) && (PROGRAMS.get(name)?.(args) ?? false);
}

/** As `isWindowsReadOnly`, for what only cmd itself knows. */
export function isCmdBuiltInReadOnly(name: string, args: readonly string[]): boolean {
  return !args.some(isFarPath) && (BUILT_INS.get(name.toLowerCase())?.(args) ?? false);
}

/** A path on another machine or a raw device: opening it sends this machine's credentials, or acts. */
export function isFarPath(text: string): boolean {
  return (
    /^[\\/]{2}|[:;,=][\\/]{2}/.test(text) ||
    /^(?:con|prn|aux|nul|com\d|lpt\d)(?:[.:]|$)/i.test(text)
  );
}

/** The arguments, joined by blanks and in small letters, match. */
function shape(pattern: RegExp): Reads {
  return (args) =>
    args.every((arg) => !/\s/.test(arg)) && pattern.test(args.join(' ').toLowerCase());
}

const HOST = '[a-z0-9][a-z0-9.:_-]*';

const NETSH_CONTEXTS =
  '(?:interface|int|ip|ipv4|ipv6|tcp|udp|portproxy|advfirewall|firewall|monitor|consec|lan|winhttp|http|dnsclient|winsock|branchcache)';

const PROGRAMS: ReadonlyMap<string, Reads> = new Map<string, Reads>([
  ['ipconfig', shape(/^(?:\/all|\/allcompartments|\/displaydns|\/\?)?$/)],
  ['hostname', shape(/^$/)],
  ['whoami', shape(/^(?:\/(?:all|user|groups|priv|upn|fqdn|logonid))?$/)],
  ['systeminfo', shape(/^(?:\/fo (?:list|table|csv))?$/)],
  ['tasklist', shape(/^(?:\/(?:v|svc|m|nh|fo (?:list|table|csv)) ?)*$/)],
  ['netstat', shape(/^(?:[-/][abefnoqrstxy]+ ?)*$/)],
  ['nslookup', shape(new RegExp(`^(?:-(?:type|querytype|q)=[a-z]+ )?${HOST}(?: ${HOST})?$`))],
  [
    'ping',
    shape(new RegExp(`^(?:-(?:4|6|a|[nw] [0-9]{1,4}) )*${HOST}(?: -(?:4|6|a|[nw] [0-9]{1,4}))*$`)),
  ],
  ['tracert', shape(new RegExp(`^(?:-(?:4|6|d|[hw] [0-9]{1,4}) )*${HOST}$`))],
  ['pathping', shape(new RegExp(`^(?:-(?:4|6|n|[hpqw] [0-9]{1,4}) )*${HOST}$`))],
  ['arp', shape(/^[-/]a(?: [0-9.]+)?$/)],
  ['route', shape(/^(?:-[46] )?print(?: -[46])?(?: [0-9.*]+)?$/)],
  ['getmac', shape(/^(?:\/(?:v|nh|fo (?:list|table|csv)) ?)*$/)],
  ['netsh', isNetshShow],
  [
    'net',
    shape(
      /^(?:accounts|session|share|statistics (?:server|workstation)|use|user|view|start|localgroup)$/,
    ),
  ],
  ['sc', shape(/^(?:query|queryex|qc|qdescription|qfailure|qtriggerinfo)(?: [a-z0-9_.$-]+)?$/)],
  ['driverquery', shape(/^(?:\/(?:v|si|nh|fo (?:list|table|csv)) ?)*$/)],
  ['quser', shape(/^[a-z0-9_.-]*$/)],
  ['qwinsta', shape(/^[a-z0-9_.-]*$/)],
  ['query', shape(/^(?:user|session|process)(?: [a-z0-9_.-]+)?$/)],
  ['gpresult', shape(/^\/(?:r|v|z)$/)],
  ['w32tm', shape(/^\/query \/(?:status|source|peers|configuration)(?: \/verbose)?$/)],
  ['schtasks', shape(/^\/query(?: \/(?:v|nh|fo (?:list|table|csv)|tn [a-z0-9_\\.-]+))*$/)],
  [
    'reg',
    shape(
      /^query (?:hklm|hkcu|hkcr|hku|hkey_[a-z_]+)(?:\\[a-z0-9_.\\-]*)?(?: \/(?:s|ve|v [a-z0-9_.-]+))*$/,
    ),
  ],
  ['vssadmin', shape(/^list (?:shadows|shadowstorage|volumes|writers|providers)$/)],
  ['wevtutil', shape(/^(?:el|enum-logs|gl [a-z0-9_./-]+|gli [a-z0-9_./-]+)$/)],
  ['bcdedit', shape(/^(?:\/enum(?: [a-z]+)?)?$/)],
  [
    'fsutil',
    shape(
      /^(?:fsinfo drives|volume diskfree [a-z]:|fsinfo (?:volumeinfo|ntfsinfo|statistics) [a-z]:\\?)$/,
    ),
  ],
  ['manage-bde', shape(/^-status(?: [a-z]:)?$/)],
  ['dsregcmd', shape(/^\/status$/)],
  ['nltest', shape(/^\/(?:dsgetdc:[a-z0-9.-]+|domain_trusts|sc_query:[a-z0-9.-]+)$/)],
  ['klist', shape(/^(?:tickets|sessions)?$/)],
  // Not `product`: reading it makes the Windows Installer check and repair every package.
  [
    'wmic',
    shape(
      /^(?:os|cpu|bios|computersystem|diskdrive|logicaldisk|memorychip|qfe|nic|nicconfig|service|process) (?:list brief|get [a-z]+)$/,
    ),
  ],
]);

const BUILT_INS: ReadonlyMap<string, Reads> = new Map<string, Reads>([
  ['ver', shape(/^$/)],
  ['vol', shape(/^(?:[a-z]:)?$/)],
  ['date', shape(/^\/t$/)],
  ['time', shape(/^\/t$/)],
  ['echo', shape(/^[a-z0-9 _.:-]*$/)],
  ['path', shape(/^$/)],
  ['assoc', shape(/^(?:\.[a-z0-9]+)?$/)],
  ['dir', (args) => args.every((arg) => /^\/[a-z:-]+$/i.test(arg) || !arg.startsWith('/'))],
  ['type', (args) => args.length > 0 && args.every((arg) => !/^[/]|[*?]/.test(arg))],
  ['where', shape(/^[a-z0-9_.*-]+$/)],
  [
    'findstr',
    (args) =>
      args.length > 1 && args.every((arg) => /^\/[binsvx]$/i.test(arg) || !/^[/-]/.test(arg)),
  ],
]);

function isNetshShow(args: readonly string[]): boolean {
  // Of wlan only what takes no further word: with one, it shows keys; wlanreport writes a report to disk.
  const pattern = new RegExp(
    `^(?:wlan show (?:all|drivers|filters|interfaces|networks|profiles|settings)|(?:${NETSH_CONTEXTS} ){1,3}show(?: [a-z0-9_.:-]+){0,4})$`,
  );
  return shape(pattern)(args);
}
