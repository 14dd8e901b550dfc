#!/usr/bin/env bash
# Puts the measured aggregator into the tree of a VM image: bundle, unit, home, and settings that keep memory in memory.
# Meant for the build of an image whose root file system is then sealed (dm-verity); on a running machine it only shows
# what such an image contains, because what root changes later, nobody measures. Nothing is downloaded.
# The attestation policy stays outside: it lists the measurement of the image. README.md says where it goes.
#
#   prepare.sh BUNDLE HOME [ROOT]     ROOT: the tree of the image, / when left out
set -euo pipefail

bundle=${1:?usage: prepare.sh BUNDLE HOME [ROOT]}
home=${2:?usage: prepare.sh BUNDLE HOME [ROOT]}
root=${3:-}
here=$(cd "$(dirname "$0")" && pwd)

refuse() { echo "prepare: $1" >&2; exit 2; }
for file in coffer.yaml certificate.pem key.pem roots.pem; do
  [ -f "$home/$file" ] || refuse "$home/$file is missing"
done
[ -f "$bundle" ] || refuse "there is no bundle $bundle; make it with: npm run bundle"

# One line with one plain path: what this cannot read, or leads back by way of `..`, is refused.
line="^attestationPolicy:[[:space:]]+[\"']?([^\"'#[:space:]]+)[\"']?([[:space:]]+#.*)?[[:space:]]*\$"
policy=$(sed -nE "s|$line|\1|p" "$home/coffer.yaml")
plain='^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$'
if [[ ! $policy =~ $plain || $policy/ == /etc/coffer/* ]]; then
  refuse "$home/coffer.yaml has attestationPolicy '$policy', expected an absolute path outside of /etc/coffer, such as
  attestationPolicy: /var/lib/coffer/attestation-policy.json
on a disk of its own: the policy lists the measurement of this image, so it cannot be in the image. See README.md."
fi

# The runs outlive the VM on a disk of their own, too: what is below /etc/coffer is sealed with the image.
state_line=${line/attestationPolicy/state}
state=$(sed -nE "s|$state_line|\1|p" "$home/coffer.yaml")
if [[ ! $state =~ $plain || $state/ == /etc/coffer/* ]]; then
  refuse "$home/coffer.yaml has state '$state', expected an absolute path outside of /etc/coffer, such as
  state: /var/lib/coffer-state
on a disk of its own that can be written. See README.md."
fi

install -D -m 0444 "$bundle" "$root/opt/coffer/aggregator.mjs"
install -D -m 0444 "$here/coffer-aggregator.service" "$root/etc/systemd/system/coffer-aggregator.service"
install -d -m 0700 "$root/etc/coffer/aggregator"
for file in coffer.yaml certificate.pem roots.pem; do
  install -m 0444 "$home/$file" "$root/etc/coffer/aggregator/$file"
done
install -m 0600 "$home/key.pem" "$root/etc/coffer/aggregator/key.pem"
# Where the disk with the policy is mounted, and that the service waits for it.
mkdir -p "$root$(dirname "$policy")" "$root/etc/systemd/system/coffer-aggregator.service.d"
printf '[Unit]\nRequiresMountsFor=%s\n' "$policy" > "$root/etc/systemd/system/coffer-aggregator.service.d/policy.conf"
# Where the disk with the state is mounted, and that the service waits for it and may write there.
mkdir -p "$root$state"
printf '[Unit]\nRequiresMountsFor=%s\n[Service]\nReadWritePaths=%s\n' "$state" "$state" \
  > "$root/etc/systemd/system/coffer-aggregator.service.d/state.conf"

# Core files, kernel images loaded by a running system, and debuggers attached to the program.
install -d "$root/etc/sysctl.d"
cat > "$root/etc/sysctl.d/60-coffer.conf" <<'SETTINGS'
kernel.core_pattern = |/bin/false
fs.suid_dumpable = 0
kernel.kexec_load_disabled = 1
kernel.yama.ptrace_scope = 3
SETTINGS
install -d "$root/etc/modules-load.d"
printf 'configfs\ntdx_guest\n' > "$root/etc/modules-load.d/coffer.conf"

# Swap, hibernation, debug shells, and the service itself, as links that systemctl would make.
units=$root/etc/systemd/system
for unit in swap.target hibernate.target hybrid-sleep.target debug-shell.service systemd-coredump.socket; do
  ln -sfn /dev/null "$units/$unit"
done
install -d "$units/multi-user.target.wants"
ln -sfn ../coffer-aggregator.service "$units/multi-user.target.wants/coffer-aggregator.service"

echo "prepare: in place below ${root:-/}; SHA-384 of the bundle:"
sha384sum "$root/opt/coffer/aggregator.mjs" | cut -d ' ' -f 1
echo "prepare: not in the image, and read at each start: $policy"
echo "prepare: not in the image, and written while it runs: $state"
