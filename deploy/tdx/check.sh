#!/usr/bin/env bash
# Looks at a TDX VM as an operator would before the first start: what attestation needs, and what would carry memory out.
# It proves nothing to anybody else; evidence does. Run as root. Ends with 1 when something is missing.
#
#   check.sh [SHA-384]     of the bundle that should be there
# COFFER_CHECK_ROOT: a directory that stands for /, for tests.
set -uo pipefail

root=${COFFER_CHECK_ROOT:-}
expected=${1:-}
failed=0
good() { echo "ok    $1"; }
note() { echo "note  $1"; }
fail() { echo "FAIL  $1"; failed=1; }

# Numbers of a version: 6.16.3-generic -> 6016
number() { echo "$1" | awk -F '[.-]' '{ printf "%d", $1 * 1000 + $2 }'; }

release=$(cat "$root/proc/sys/kernel/osrelease" 2>/dev/null || echo 0.0)
kernel=$(number "$release")
if [ "$kernel" -ge 6016 ]; then good "Linux $release: quotes and RTMR3"
elif [ "$kernel" -ge 6007 ]; then note "Linux $release: quotes, but RTMR3 only from 6.16 on; evidence will not name the program"
else fail "Linux $release: configfs-tsm needs 6.7 or later"; fi

if grep -qw tdx_guest "$root/proc/cpuinfo" 2>/dev/null; then good "the processor says that this is a TDX guest"
else fail "no tdx_guest in /proc/cpuinfo: this is no TDX VM, or its kernel does not know"; fi

report=$root/sys/kernel/config/tsm/report
if [ ! -d "$report" ]; then
  fail "$report is missing: mount configfs and load the module tdx_guest"
else
  entry=$report/coffer-check-$$
  if mkdir "$entry" 2>/dev/null; then
    provider=$(cat "$entry/provider" 2>/dev/null || true)
    rmdir "$entry"
    if [ "$provider" = tdx_guest ]; then good "configfs-tsm has the provider tdx_guest"
    else fail "configfs-tsm has the provider '$provider', expected tdx_guest"; fi
  else
    fail "no entry can be made in $report: no provider is loaded, or this is not root"
  fi
fi

register="$root/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384"
if [ ! -e "$register" ]; then note "the kernel does not show RTMR3: the program cannot put its digest there"
elif [ "$(od -An -tx1 -v "$register" 2>/dev/null | tr -d ' \n0' | wc -c)" -eq 0 ]; then good "RTMR3 is zero: nothing was extended yet"
else note "RTMR3 is not zero: the aggregator was started in this boot, or something else extended it"; fi

if [ -e "$root/sys/firmware/acpi/tables/CCEL" ] && [ -e "$root/sys/firmware/acpi/tables/data/CCEL" ]; then
  good "the firmware keeps an event log (CCEL)"
else note "no event log (CCEL): RTMR0 to RTMR2 can be compared, but not explained"; fi

if [ "$(wc -l < "$root/proc/swaps" 2>/dev/null || echo 0)" -le 1 ]; then good "no swap"
else fail "there is swap: updates in memory may be written to the host's disk"; fi

if [ "$(cat "$root/proc/sys/kernel/core_pattern" 2>/dev/null)" = "|/bin/false" ]; then good "no core files"
else fail "core files are written: set kernel.core_pattern to |/bin/false"; fi

secure=$(od -An -tu1 "$root"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c 2>/dev/null | awk '{ print $NF }')
if [ "$secure" = 1 ]; then good "Secure Boot is on"
else note "Secure Boot is off or unknown: then the policy must name RTMR1 and RTMR2 exactly, which it should anyway"; fi

if grep -qE '\[(integrity|confidentiality)\]' "$root/sys/kernel/security/lockdown" 2>/dev/null; then good "the kernel is locked down"
else note "the kernel is not locked down: root can change it, and with it everything that is measured later"; fi

if grep -qE '(^| )(roothash|usrhash|systemd\.verity_root_hash)=' "$root/proc/cmdline" 2>/dev/null; then
  good "the command line, which is measured, names the hash of the root file system"
else fail "the root file system is not bound to the command line (dm-verity): whoever writes the disk chooses the program"; fi

clock=$(cat "$root/sys/devices/system/clocksource/clocksource0/current_clocksource" 2>/dev/null || echo unknown)
if [ "$clock" = tsc ]; then good "the clock is the processor's (tsc)"
else note "the clock source is $clock, which the host may control; parties judge time by their own clock"; fi

bundle=$root/opt/coffer/aggregator.mjs
if [ ! -f "$bundle" ]; then fail "there is no $bundle"
else
  found=$(sha384sum "$bundle" | cut -d ' ' -f 1)
  if [ -z "$expected" ]; then note "the bundle has SHA-384 $found; give the expected one to compare"
  elif [ "$found" = "$expected" ]; then good "the bundle has the expected SHA-384"
  else fail "the bundle has SHA-384 $found, expected $expected"; fi
fi

exit "$failed"
