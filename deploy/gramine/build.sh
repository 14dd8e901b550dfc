#!/usr/bin/env bash
# Renders and signs the manifest of the aggregator for Gramine 1.8 or later. No SGX is needed to build.
#
#   build.sh BUNDLE HOME NODE KEY
#     BUNDLE   dist/aggregator.mjs      HOME   home directory of the aggregator
#     NODE     the node program         KEY    RSA-3072 key with exponent 3 that signs the enclave (PEM)
set -euo pipefail

usage="usage: build.sh BUNDLE HOME NODE KEY"
bundle=${1:?$usage} home=${2:?$usage} node=${3:?$usage} key=${4:?$usage}
here=$(cd "$(dirname "$0")" && pwd)
work=$PWD/gramine-build

refuse() { echo "build: $1" >&2; exit 2; }
# What is measured. Certificate, key and policy are not, and need not be there: who builds the same enclave to compare
# has no key, and nobody has the policy yet, since it lists the MRENCLAVE that this makes.
for file in coffer.yaml roots.pem; do
  [ -f "$home/$file" ] || refuse "$home/$file is missing"
done
[ -f "$bundle" ] || refuse "there is no bundle $bundle; make it with: npm run bundle"
[ -x "$node" ] || refuse "there is no program $node"
[ -f "$key" ] || refuse "there is no key $key"
command -v gramine-manifest > /dev/null || refuse "gramine is not installed"

mkdir -p "$work"
gramine-manifest \
  -Dlog_level=error \
  -Darch_libdir="/lib/$(uname -m)-linux-gnu" \
  -Dnode="$(readlink -f "$node")" \
  -Dbundle="$(readlink -f "$bundle")" \
  -Dhome="$(readlink -f "$home")" \
  "$here/aggregator.manifest.template" > "$work/aggregator.manifest"
cd "$work"
gramine-sgx-sign --key "$key" --manifest aggregator.manifest --output aggregator.manifest.sgx

echo "build: start it in $work, with attestation-policy.json, certificate.pem, key.pem and a directory state in $home,"
echo "  gramine-sgx aggregator"
echo "build: for the policy, coffer attest measure --sigstruct $work/aggregator.sig"
