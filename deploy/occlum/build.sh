#!/usr/bin/env bash
# Builds the enclave of the aggregator for Occlum 0.31, inside its development container. EXPERIMENTAL: see README.md.
#
#   build.sh BUNDLE HOME NODE MODULES KEY
#     BUNDLE   dist/aggregator.mjs             HOME     home directory of the aggregator
#     NODE     a position-independent build    MODULES  node_modules with koffi and @koromix/koffi-linux-x64
#     KEY      RSA-3072 key with exponent 3 that signs the enclave (PEM); its owner is MRSIGNER
set -euo pipefail

usage="usage: build.sh BUNDLE HOME NODE MODULES KEY"
bundle=${1:?$usage} home=${2:?$usage} node=${3:?$usage} modules=${4:?$usage} key=${5:?$usage}
here=$(cd "$(dirname "$0")" && pwd)
work=$PWD/occlum-build

refuse() { echo "build: $1" >&2; exit 2; }
for file in coffer.yaml certificate.pem key.pem roots.pem attestation-policy.json; do
  [ -f "$home/$file" ] || refuse "$home/$file is missing"
done
# The policy is in MRENCLAVE here, so it cannot list MRENCLAVE: one program has to be named by its signer.
grep -Eq '"mrEnclave"[[:space:]]*:[[:space:]]*"any"' "$home/attestation-policy.json" ||
  refuse "$home/attestation-policy.json has no program with mrEnclave: any: it cannot accept this enclave, see README.md"
[ -f "$bundle" ] || refuse "there is no bundle $bundle; make it with: npm run bundle"
[ -f "$key" ] || refuse "there is no key $key"
[ -d "$modules/koffi" ] && [ -d "$modules/@koromix/koffi-linux-x64" ] || refuse "$modules has no koffi for linux-x64"
# Occlum loads position-independent programs only: type DYN (3) in the ELF header. Node's own downloads are EXEC (2).
elf_type() { od -An -tu2 -j16 -N2 "$1" | tr -d ' '; }
[ "$(elf_type "$node")" = 3 ] || refuse "$node is not position-independent"
command -v occlum > /dev/null || refuse "occlum is not installed: run this in its development container"
command -v gcc > /dev/null ||
  refuse "there is no gcc to compile launcher.c with: run this in the development container"
[ ! -e "$work" ] || refuse "$work exists: a build starts from nothing"

mkdir -p "$work/stage/node_modules/@koromix" "$work/stage/home"
# Not -static, not even static PIE: Occlum refuses a program that names no dynamic linker.
gcc -std=c99 -O2 -Wall -Wextra -Werror -fPIE -pie -o "$work/stage/launcher" "$here/launcher.c" ||
  refuse "launcher.c does not compile"
[ "$(elf_type "$work/stage/launcher")" = 3 ] || refuse "gcc made a launcher that is not position-independent"
cp "$node" "$work/stage/node"
cp "$bundle" "$work/stage/aggregator.mjs"
cp -r "$modules/koffi" "$work/stage/node_modules/koffi"
rm -rf "$work/stage/node_modules/koffi/doc" "$work/stage/node_modules/koffi/vendor"
cp -r "$modules/@koromix/koffi-linux-x64" "$work/stage/node_modules/@koromix/"
for file in coffer.yaml certificate.pem key.pem roots.pem attestation-policy.json; do
  cp "$home/$file" "$work/stage/home/$file"
done
chmod 0600 "$work/stage/home/key.pem"

cd "$work"
occlum new instance
cd instance
rm -rf image
copy_bom -f "$here/bom.yaml" --root image --include-dir /opt/occlum/etc/template
# Where Occlum.json mounts the state directory of the host, and that directory.
mkdir -p image/coffer/home/state
mkdir -m 0700 state
cp "$here/Occlum.json" Occlum.json
occlum build --sign-key "$key"

echo "build: runs are kept in $work/instance/state; to go on with those of an older build, put that directory there"
echo "build: start it in $work/instance with"
echo "  occlum run /entry/launcher"
echo "build: MRSIGNER, as in the policy: $(occlum print mrsigner)"
echo "build: MRENCLAVE, to recognise this build by: $(occlum print mrenclave)"
