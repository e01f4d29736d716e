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
    **/shadow  **/gshadow  **/opasswd  **/*.passwd  **/spwd.db  **/passwd.db  **/var/db/dslocal/**  **/var/lib/sss/**
    **/var/lib/extrausers/**  **/debconf/passwords.dat  **/etc/sssd/**  **/etc/*/**/passwd  **/conf/passwd
    **/smbpasswd  **/sasldb2  **/sasldb2.db  **/users.oath  **/.google_authenticator  **/userlist.txt  **/pool_passwd
    **/*htpasswd  **/*htdigest  **/dovecot/users  **/dovecot-*.conf.ext  **/pureftpd.pdb  **/vsftpd/*users.*
    **/proftpd/sql.conf  **/slapd.conf  **/slapd.d/**  **/nslcd.conf  **/etc/ldap.conf  **/pam_ldap.conf
    **/etc/dirsrv/**  **/*krb5kdc/**  **/var/kerberos/**  **/freeradius/**  **/raddb/**  **/tacacs/**  **/tacacs+/**
    **/tac_plus.conf  **/mgmt-users.properties  **/application-users.properties
  words that name a secret
    **/password  **/passwords  **/passwords.txt  **/password.txt  **/*.password  **/*_password  **/*-password
    **/*passphrase  **/*.pass  **/initialadminpassword  **/*vault_pass  **/*vault_pass.txt  **/*vault-pass*.txt
    **/*vault.yml  **/*vault.yaml  **/*secret_key  **/*private_key  **/*private-key  **/privatekey  **/secrets/**
    **/.secrets/**  **/*.secret  **/*.secrets  **/*-secrets  **/*secrets.json  **/*secrets.yml  **/*secrets.yaml
    **/*secrets.toml  **/*credentials  **/*.creds  **/*credentials.json  **/*credentials.xml  **/*credentials.yml
    **/*credentials.yaml  **/*credentials.toml  **/*credentials.properties  **/token  **/*.token  **/*-token
    **/*_token  **/authkey  **/authkeys
  keys
    **/.ssh/**  **/ssh_host_*_key  **/dropbear_*_key  **/id_rsa  **/id_dsa  **/id_ecdsa  **/id_ed25519
    **/id_ecdsa_sk  **/id_ed25519_sk  **/*.key  **/*.keys  **/*.pem  **/*.priv  **/*.private  **/*.pfx  **/*.p12
    **/*.p8  **/*.pvk  **/*.snk  **/*.bek  **/*.jks  **/*.jceks  **/*.keystore  **/*.keytab  **/*.keyring  **/*.ppk
    **/*.kdb  **/*.kdbx  **/*.ovpn  **/secring.gpg  **/ssl/private/**  **/tls/private/**  **/pki/private/**
    **/easy-rsa/**  **/etc/letsencrypt/**  **/.acme.sh/**  **/.lego/**  **/acme.json  **/.gnupg/**
    **/.password-store/**  **/sops/age/**  **/keyrings/**  **/kwalletd/**  **/library/keychains/**
    **/tmp/krb5cc_*  **/samba/private/**  **/secrets.tdb  **/passdb.tdb  **/var/lib/tor/**  **/luks-keys/**
    **/cryptsetup-keys.d/**  **/crypto_keyfile.bin  **/keyfile  **/wallet.dat
  networks
    **/etc/wireguard/**  **/wg?.conf  **/etc/openvpn/**  **/ipsec.d/**  **/etc/swanctl/**  **/etc/racoon/**
    **/etc/vpnc/**  **/vtund.conf  **/var/lib/tailscale/**  **/system-connections/**  **/wpa_supplicant/**
    **/wpa_supplicant*.conf  **/netplan/*.yaml  **/netplan/*.yml  **/var/lib/iwd/**  **/*.psk  **/psk.txt
    **/hostapd/**  **/wvdial.conf  **/wlansvc/profiles/**  **/var/lib/snmp/**  **/snmpd.conf  **/snmptrapd.conf
    **/frr.conf  **/bgpd.conf  **/ospfd.conf  **/zebra.conf  **/keepalived.conf  **/ddclient.conf  **/inadyn.conf
    **/etc/asterisk/**  **/etc/freeswitch/**  **/turnserver.conf
  clouds and clusters
    **/.aws/**  **/.azure/**  **/.config/gcloud/**  **/.config/doctl/**  **/.config/hcloud/**  **/.oci/**  **/.s3cfg
    **/.boto  **/.kube/**  **/kubeconfig  **/*.kubeconfig  **/etc/kubernetes/**  **/var/lib/kubelet/**
    **/etc/rancher/**  **/var/lib/rancher/**  **/var/lib/etcd/**  **/.docker/**  **/.dockercfg
    **/docker/swarm/**  **/auth.json  **/.terraform.d/**  **/.terraformrc  **/*.tfstate  **/*.tfvars
    **/etc/vault/**  **/vault.d/**  **/.vault-token  **/consul.d/**  **/nomad.d/**  **/etc/pve/priv/**
    **/run/credentials/**  **/etc/credstore/**  **/etc/credstore.encrypted/**  **/var/lib/cloud/**
    **/cloud.cfg.d/**
  tools
    **/.netrc  **/_netrc  **/.authinfo  **/.git-credentials  **/.config/git/**  **/.git/config  **/.config/gh/**
    **/.config/glab-cli/**  **/.subversion/auth/**  **/.npmrc  **/.yarnrc.yml  **/.pypirc  **/.m2/**
    **/nuget.config  **/.bundle/config  **/etc/ansible/hosts  **/.smbcred  **/*passwd-s3fs  **/.davfs2/**
    **/*rclone.conf  **/.wgetrc  **/.curlrc  **/filezilla/**  **/sitemanager.xml  **/apt/auth.conf
    **/apt/auth.conf.d/**  **/.config/borg/**
  mail
    **/sasl_passwd  **/sasl_passwd.db  **/sasl_passwd.lmdb  **/postfix/*sql*.cf  **/postfix/ldap*.cf
    **/passwd.client  **/authinfo  **/authinfo.db  **/*msmtprc  **/*fetchmailrc  **/.mbsyncrc  **/.offlineimaprc
    **/.muttrc  **/ssmtp.conf
  databases
    **/.pgpass  **/pgpass.conf  **/*pg_service.conf  **/.my.cnf  **/.mylogin.cnf  **/debian.cnf  **/master.info
    **/*odbc.ini  **/redis.conf  **/sentinel.conf  **/.erlang.cookie  **/grafana.db
  services
    **/gitlab.rb  **/initial_root_password  **/gitlab-runner/config.toml  **/app.ini  **/grafana.ini
    **/alertmanager.yml  **/zabbix_server.conf  **/zabbix_proxy.conf  **/upsd.users  **/upsmon.conf
    **/etc/bacula/**  **/etc/bareos/**  **/api-users.conf  **/cups/printers.conf  **/iscsid.conf
    **/var/lib/iscsi/**  **/etc/iscsi/nodes/**  **/user.cfg  **/grub.cfg
  setting up
    **/autoinstall-user-data  **/*ks.cfg  **/preseed.cfg  **/unattend*.xml  **/unattend.txt  **/autounattend.xml
    **/sysprep.xml  **/sysprep.inf  **/groups.xml  **/scheduledtasks.xml  **/drives.xml  **/services.xml
    **/datasources.xml  **/printers.xml
  programs
    **/.env  **/.env.*  **/*.env  **/config.php  **/configuration.php  **/config.inc.php  **/wp-config.php
    **/settings.php  **/localsettings.php  **/local_settings.py  **/database.yml  **/application.properties
    **/application.yml  **/appsettings.json  **/appsettings.production.json  **/connectionstrings.config
    **/tomcat-users.xml  **/web.config  **/app.config  **/machine.config  **/applicationhost.config
    **/inetsrv/config/**
  people
    **/var/mail/**  **/spool/mail/**  **/maildir/**  **/.*_history  **/fish_history  **/.histfile  **/.zhistory
    **/consolehost_history.txt  **/.mozilla/**  **/.thunderbird/**  **/.config/google-chrome*/**
    **/.config/chromium/**  **/.config/microsoft-edge*/**  **/.config/bravesoftware/**  **/snap/chromium/**
    **/.purple/**  **/.xauthority  **/.vnc/**  **/*remmina/**
    **/library/application?support/**  **/library/cookies/**  **/appdata/**  **/application?data/**
    **/local?settings/**  **/ntuser.dat  **/ntuser.dat.log?  **/usrclass.dat
  windows
    **/windows/*/config/**  **/windows/repair/**  **/windows/ntds/**  **/ntds.dit  **/microsoft/protect/**
    **/microsoft/crypto/**  **/microsoft/credentials/**  **/microsoft/vault/**  **/programdata/ssh/**
    **/system?volume?information/**  **/globalroot/**  **/*.rdp  **/*.rdg  **/confcons.xml  **/winscp.ini
    **/ultravnc.ini  **/*.publishsettings
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
  what a program asks of whoever logs in
    /etc/pam.d/passwd
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
    ?:/windows/logs/**  ?:/inetpub/logs/**  cert/**
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
