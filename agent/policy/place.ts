// The places that a client who allows inspection does not expect to be read: secrets, and files that act, block or
// are used up when they are opened. A small table, to be read by people; `touch.ts` looks paths up in it.
//
//   pattern   folders and a name between slashes, in small letters: capitals never matter, because on many
//             disks they do not. `**` is any folders, or none; `*` any run of characters, `?` any one
//   open      folders that are taken to hold no secret under a name of the shell's choosing: a walk or a `*`
//             in them is not asked. Logs, mostly
//   harmless  what is excepted
//
// A name stands for its copies as well, as editors and people make them: `originalsOf`.

import { type PathPattern, pathPattern } from './path.ts';

export type PlaceKind = 'secret' | 'device';

export interface Place {
  readonly kind: PlaceKind;
  readonly pattern: PathPattern;
}

const SECRETS = `
  accounts
    **/shadow  **/gshadow
    **/etc/security/opasswd  **/etc/master.passwd  **/etc/spwd.db  **/var/db/dslocal/**  **/var/lib/sss/**
    **/var/lib/extrausers/**  **/.htpasswd  **/debconf/passwords.dat
    **/etc/sssd/**  **/slapd.d/**  **/ldap.secret
  keys
    **/.ssh/**  **/ssh_host_*_key  **/id_rsa  **/id_dsa  **/id_ecdsa  **/id_ed25519  **/id_ecdsa_sk
    **/id_ed25519_sk  **/*.key  **/*.pem  **/*.pfx  **/*.p12  **/*.jks  **/*.keystore  **/*.keytab
    **/*.keyring  **/*.ppk  **/*.kdbx  **/*.ovpn  **/ssl/private/**  **/tls/private/**  **/pki/private/**
    **/etc/letsencrypt/**  **/.gnupg/**  **/.password-store/**  **/keyrings/**  **/library/keychains/**
    **/tmp/krb5cc_*  **/samba/private/**  **/secrets.tdb  **/passdb.tdb
  networks
    **/etc/wireguard/**  **/etc/openvpn/**  **/etc/ipsec.secrets  **/etc/ipsec.d/**  **/etc/swanctl/**
    **/etc/ppp/*-secrets  **/system-connections/**  **/wpa_supplicant/**  **/wpa_supplicant.conf
    **/netplan/*.yaml  **/netplan/*.yml  **/var/lib/iwd/**  **/*.psk  **/hostapd/**  **/freeradius/**  **/var/lib/snmp/**
    **/wlansvc/profiles/**
  services
    **/.aws/**  **/.azure/**  **/.config/gcloud/**  **/.kube/**  **/.docker/**  **/.config/gh/**  **/.terraform.d/**
    **/.netrc  **/_netrc  **/.pgpass  **/pgpass.conf  **/.my.cnf  **/.mylogin.cnf  **/debian.cnf
    **/.git-credentials  **/.config/git/**  **/.npmrc  **/.pypirc  **/.m2/**  **/.vault-token  **/.s3cfg  **/.boto
    **/.smbcredentials  **/.smbcred  **/sasl_passwd  **/sasl_passwd.db  **/sasl_passwd.lmdb  **/passwd.client  **/.msmtprc  **/rclone.conf
    **/.env  **/.env.*  **/credentials  **/credentials.json  **/credentials.xml  **/secrets.json  **/secrets.yml
    **/secrets.yaml  **/wp-config.php  **/web.config  **/applicationhost.config  **/inetsrv/config/**
    **/apt/auth.conf  **/apt/auth.conf.d/**  **/run/secrets/**  **/run/credentials/**  **/etc/credstore/**  **/etc/credstore.encrypted/**  **/credential.secret
    **/etc/kubernetes/**  **/var/lib/kubelet/**  **/etc/rancher/**  **/etc/pve/priv/**  **/var/lib/cloud/**
    **/autoinstall-user-data  **/unattend.xml  **/autounattend.xml  **/sysprep.xml  **/sysprep.inf  **/groups.xml
    **/secret_key  **/*.rdp  **/*.rdg
  programs
    **/config.php  **/configuration.php  **/config.inc.php  **/database.yml  **/appsettings.json
    **/appsettings.production.json  **/connectionstrings.config  **/tomcat-users.xml  **/user.cfg
  people
    **/var/mail/**  **/spool/mail/**  **/maildir/**  **/.*_history  **/consolehost_history.txt  **/.mozilla/**  **/.thunderbird/**  **/.config/google-chrome*/**
    **/.config/chromium/**  **/.config/microsoft-edge*/**  **/.config/bravesoftware/**  **/snap/chromium/**
    **/library/application?support/**  **/library/cookies/**  **/appdata/**  **/application?data/**
    **/local?settings/**  **/ntuser.dat  **/ntuser.dat.log?  **/usrclass.dat
  windows
    **/windows/*/config/**  **/windows/repair/**  **/windows/ntds/**  **/ntds.dit  **/microsoft/protect/**
    **/microsoft/crypto/**  **/microsoft/credentials/**  **/microsoft/vault/**  **/programdata/ssh/**
    **/system?volume?information/**  **/globalroot/**
  memory
    **/pagefile.sys  **/swapfile.sys  **/hiberfil.sys  **/swapfile  **/swap.img  **/*.dmp  **/windows/minidump/**
    **/var/crash/**  **/coredump/**
    **/proc/**/environ  **/proc/**/mem  **/proc/**/root/**  **/proc/**/cwd/**  **/proc/**/fd/**  **/proc/**/map_files/**
    **/proc/kcore  **/proc/vmcore  **/proc/keys  env/**
  caisey
    **/.caisey/**  **/caisey/**  **/caisey-agent/**  **/caisey-appliance/**  **/approvers.json  **/identity.json
  detours
    /.vol/**  **/..namedfork/**
`;

const DEVICES = `
    **/dev/**  /proc/**  ~/proc/**  **/sys/kernel/debug/**  **/sys/kernel/tracing/**  **/fifo  **/*.fifo  **/*.pipe  **/initctl
`;

/** Names that Windows takes for devices in every folder. */
const WINDOWS_DEVICES = `
    **/con  **/con.*  **/conin$  **/conout$  **/aux  **/aux.*  **/prn  **/prn.*  **/com?  **/com?.*  **/lpt?  **/lpt?.*
`;

const REGISTRY = `
  hives
    hklm/sam/**  hklm/security/**  hku/*/software/simontatham/**  hkcu/software/simontatham/**
  passwords
    hklm/software/microsoft/windows?nt/currentversion/winlogon/**  hklm/system/*/control/lsa/**
    hklm/system/*/services/snmp/parameters/**  hklm/software/realvnc/**  hklm/software/tightvnc/**
    hklm/software/orl/**
`;

const HARMLESS = `
  nothing
    /dev/null
  certificates
    /etc/ssl/certs/**
  the kernel's tables
    /proc/buddyinfo  /proc/cmdline  /proc/cpuinfo  /proc/crypto  /proc/devices  /proc/diskstats  /proc/filesystems
    /proc/interrupts  /proc/iomem  /proc/ioports  /proc/loadavg  /proc/locks  /proc/mdstat  /proc/meminfo
    /proc/modules  /proc/mounts  /proc/net/**  /proc/partitions  /proc/pressure/*  /proc/slabinfo
    /proc/softirqs  /proc/stat  /proc/swaps  /proc/sys/**  /proc/uptime  /proc/version  /proc/vmstat
    /proc/zoneinfo
  processes
    /proc/*/cgroup  /proc/*/cmdline  /proc/*/comm  /proc/*/io  /proc/*/limits  /proc/*/mountinfo  /proc/*/mounts
    /proc/*/oom_score  /proc/*/sched  /proc/*/stat  /proc/*/statm  /proc/*/status
`;

const OPEN = `
  unix
    /var/log/**  /usr/share/**  /usr/lib/**  /usr/include/**  /sys/block/**  /sys/bus/**  /sys/class/**
    /sys/devices/**  /etc/cron.*/**  /etc/systemd/**  /etc/logrotate.d/**  /etc/nginx/sites-enabled/**
    /etc/apache2/sites-enabled/**  /etc/apt/sources.list.d/**
  windows
    ?:/windows/logs/**  ?:/windows/panther/**  ?:/inetpub/logs/**  cert/**
`;

function patternsOf(table: string): readonly PathPattern[] {
  return table
    .split(/\s+/)
    .filter((entry) => entry.includes('/'))
    .map(pathPattern);
}

/** Secrets before devices: what is both shows more than it does. */
export const PLACES: readonly Place[] = [
  ...patternsOf(SECRETS).map((pattern) => ({ kind: 'secret', pattern }) as const),
  ...patternsOf(DEVICES).map((pattern) => ({ kind: 'device', pattern }) as const),
];

export const WINDOWS_PLACES: readonly Place[] = [
  ...PLACES,
  ...patternsOf(WINDOWS_DEVICES).map((pattern) => ({ kind: 'device', pattern }) as const),
];

export const REGISTRY_PLACES: readonly Place[] = patternsOf(REGISTRY).map(
  (pattern) => ({ kind: 'secret', pattern }) as const,
);

export const HARMLESS_PLACES = patternsOf(HARMLESS);
export const OPEN_PLACES = patternsOf(OPEN);
