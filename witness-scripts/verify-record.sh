#!/bin/bash
# Checks the record of a key signing ceremony with tools that do not come from those who held it:
# bash, coreutils, grep, sed, awk, find, ssh-keygen (OpenSSH 8.2+), openssl (3.x), ldns-verify-zone (ldns).
#
#   verify-record.sh DIR [FINGERPRINT]
#
# FINGERPRINT is the transcript's SHA-256 from a witness's paper (64 hexadecimal digits, spaces allowed). Without it the
# record is only consistent with itself: whoever could replace all of it could have made another one.
#
# Each check prints one line, `ok` or `FAIL`; the exit code is 1 if any failed. Nothing is written but a folder in /tmp.
set -u -o pipefail
export LC_ALL=C

[ $# -ge 1 ] && [ $# -le 2 ] && [ -d "$1" ] || { echo "usage: verify-record.sh DIR [FINGERPRINT]" >&2; exit 2; }
for tool in sha256sum ssh-keygen openssl ldns-verify-zone awk; do
    command -v "$tool" >/dev/null || { echo "missing: $tool" >&2; exit 2; }
done
paper=$(printf '%s' "${2-}" | tr -d ' \n' | tr 'A-F' 'a-f')
cd -- "$1" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf -- "$work"' EXIT
failed=0

# What a record says may hold anything; on the screen it is one line of plain characters.
say() { printf '%s' "$1" | tr -c '[:print:]' '?'; echo; }
ok() { say "ok    $1"; }
fail() { say "FAIL  $1"; failed=1; }
check() { if [ "$2" = "$3" ]; then ok "$1"; else fail "$1: expected $3; found $2"; fi; } # what, found, expected
hash_of() { sha256sum <"$1" 2>/dev/null | cut -c1-64; }
# The value of a string in a line of the transcript. Quotes inside strings are escaped, so `"name":"` is never text.
value() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -n 1; }

for file in SHA256SUMS SHA256SUMS.sig transcript.jsonl transcript.jsonl.sig transcript.jsonl.ed25519 ceremony.pem \
    allowed_signers report.txt report.html profile.toml; do
    [ -f "$file" ] && [ ! -L "$file" ] || { fail "$file: missing; this is no complete record"; exit 1; }
done

# 1. Files: SHA256SUMS names every file once, each has that hash, and there are no others. Three things come later and
#    stand outside: the sums' own signature, the log of the delivery (check 7), signatures of witnesses.
if bad=$(sha256sum --check --strict --quiet SHA256SUMS 2>&1); then ok "every file has the hash in SHA256SUMS"
else fail "SHA256SUMS: $(printf '%s' "$bad" | tr '\n' ';')"; fi
if bad=$(find . ! -type f ! -type d; find . -type f -name '*[!A-Za-z0-9._-]*'); [ -z "$bad" ]
then ok "no links, devices or odd names"; else fail "no files but plain ones: $bad"; fi
find . -type f ! -path './SHA256SUMS' ! -path './SHA256SUMS.sig' ! -path './delivery.jsonl' \
    ! -path './delivery.jsonl.sig' ! -path './cosignatures/*' | cut -c3- | sort >"$work/found"
cut -c67- SHA256SUMS | sort >"$work/listed"
if bad=$(diff "$work/listed" "$work/found"); then ok "no file is unknown"
else fail "unknown or missing files: $(printf '%s' "$bad" | grep '^[<>]' | tr '\n' ' ')"; fi

# 2. The key: the first entry names it; allowed_signers and ceremony.pem hold the same one. A rehearsal signs in other
#    namespaces, so that its record never passes for a ceremony's.
first=$(head -n 1 transcript.jsonl)
key=$(printf '%s' "$first" | value ceremony_key)
mode=$(printf '%s' "$first" | value mode)
case $mode in
    ceremony | unattended) mark= ;;
    rehearsal) mark=rehearsal- ;;
    *) fail "transcript.jsonl: unknown mode '$mode'"; mark= ;;
esac
names="${mark}claviger-transcript,${mark}claviger-record,${mark}claviger-journal,${mark}claviger-delivery"
check "allowed_signers holds the key of the first entry" "$(cat allowed_signers)" "ceremony namespaces=\"$names\" ssh-ed25519 $key"
check "ceremony.pem holds the same key" \
    "$(openssl pkey -pubin -in ceremony.pem -outform DER 2>/dev/null | tail -c 32 | od -An -tx1 | tr -d ' \n')" \
    "$(printf '%s' "$key" | base64 -d 2>/dev/null | tail -c 32 | od -An -tx1 | tr -d ' \n')"

# 3. Signatures by that key.
signed() { # file, namespace
    # The form to the letter, as ssh-keygen writes it: it would read others as well.
    { echo "-----BEGIN SSH SIGNATURE-----"; sed '1d;$d' "$1.sig" | base64 -d | base64 -w 70; echo "-----END SSH SIGNATURE-----"; } \
        2>/dev/null | cmp -s - "$1.sig" || fail "$1.sig: not in the form that ssh-keygen writes"
    if ssh-keygen -Y verify -f allowed_signers -I ceremony -n "$mark$2" -s "$1.sig" <"$1" >"$work/ssh" 2>&1
    then ok "$1.sig: $(cat "$work/ssh")"; else fail "$1.sig: $(tr '\n' ' ' <"$work/ssh")"; fi
}
signed SHA256SUMS claviger-record
signed transcript.jsonl claviger-transcript
if openssl pkeyutl -verify -pubin -inkey ceremony.pem -rawin -in transcript.jsonl -sigfile transcript.jsonl.ed25519 \
    >"$work/ssl" 2>&1; then ok "transcript.jsonl.ed25519: $(head -n 1 "$work/ssl")"
else fail "transcript.jsonl.ed25519: $(head -n 1 "$work/ssl")"; fi

# 4. The chain: each line holds the hash of the line before it (the first one: zeros) and its own number.
chain() { # file, what the first line must hold as `prev`
    local expected=$2 number=0 line
    while IFS= read -r line; do
        number=$((number + 1))
        if ! [[ $line =~ \"prev\":\"([0-9a-f]{64})\",\"seq\":([0-9]+),\"step\":\"[a-z]+\",\"time\":\"[0-9TZ:-]+\",\"uptime\":[0-9]+\}$ ]] ||
            [ "${BASH_REMATCH[1]}" != "$expected" ] || [ "${BASH_REMATCH[2]}" != "$number" ]; then
            fail "$1 line $number: expected seq $number and prev $expected"
            return
        fi
        expected=$(printf '%s\n' "$line" | sha256sum | cut -c1-64)
    done <"$1"
    check "$1: $number entries, each bound to the one before" "$(tail -c 1 "$1" | od -An -tx1)" " 0a"
}
chain transcript.jsonl "$(printf '%064d' 0)"

# 5. The seal, the last line: how many lines stand before it, and the hash of every sealed file.
last=$(tail -n 1 transcript.jsonl)
check "the last entry is the seal" "$(printf '%s' "$last" | value kind)" seal
check "the seal counts the entries before it" "$(printf '%s' "$last" | sed -n 's/.*"body":{"entries":\([0-9]*\),.*/\1/p')" \
    $(($(wc -l <transcript.jsonl) - 1))
printf '%s' "$last" | sed -n 's/.*"files":{\([^}]*\)}.*/\1/p' | tr -d '"' | tr ',' '\n' |
    sed -n 's/^\([^:]*\):\([0-9a-f]\{64\}\)$/\2  \1/p' | sort >"$work/sealed"
grep -v -E '  (transcript\.jsonl(\.sig|\.ed25519)?|ceremony\.pem|allowed_signers|report\.(txt|html))$' SHA256SUMS | sort >"$work/rest"
if bad=$(diff "$work/sealed" "$work/rest"); then ok "the seal binds all $(wc -l <"$work/sealed") other files"
else fail "seal: $(printf '%s' "$bad" | grep '^[<>]' | tr '\n' ' ')"; fi
check "the first entry names the profile" "$(printf '%s' "$first" | value profile_sha256)" "$(hash_of profile.toml)"
if [ -f plan.json ]; then
    check "the plan that was confirmed is the one here" \
        "$(grep '"kind":"planned"' transcript.jsonl | tail -n 1 | value plan_sha256)" "$(hash_of plan.json)"
fi

# 6. Every DNSKEY signature. dnskey.txt holds the response's RRsets, bundle by bundle. Each bundle becomes a small zone
#    of its own with a SOA record; ldns then judges every signature at the bundle's time. It must complain about nothing
#    but what such a zone cannot have: a signature of the SOA, NSEC records.
for rrsets in jobs/*/dnskey.txt; do
    [ -f "$rrsets" ] || continue
    folder=${rrsets%/dnskey.txt}
    response=$(sed -n 's/^; SHA-256 //p' "$rrsets" | head -n 1)
    response=$(sha256sum "$folder"/* | grep "^$response  " | head -n 1 | cut -c67-)
    if [ -z "$response" ]; then fail "$rrsets: made from a response that is not in $folder"; continue; fi
    # Both say the same: each signature of dnskey.txt stands in the response, which has no others.
    awk '$4 == "RRSIG" { print $13 }' "$rrsets" | sort >"$work/signatures"
    tr -d ' \t\n' <"$response" >"$work/response"
    strange=$(while IFS= read -r one; do grep -q -F -e "$one" "$work/response" || echo "$one"; done <"$work/signatures")
    count=$(grep -o -E '[[:space:]]RRSIG[[:space:]]|<SignatureData>' "$response" | wc -l)
    if [ -z "$strange" ]; then check "$rrsets: as many signatures as $response, the same" "$(wc -l <"$work/signatures")" "$count"
    else fail "$rrsets: not in $response: $strange"; fi
    awk -v out="$work/bundle." '/^; bundle / { n++; print $7 > (out n ".time"); next } /^;/ { next } n { print > (out n) }' "$rrsets"
    good=0 bundles=$(grep -c '^; bundle ' "$rrsets")
    for ((n = 1; n <= bundles; n++)); do
        [ -s "$work/bundle.$n" ] || { fail "$rrsets bundle $n: empty"; continue; }
        zone=$(awk 'NR == 1 { print $1 }' "$work/bundle.$n")
        { printf '%s 0 IN SOA . . 1 1 1 1 1\n' "$zone"; cat "$work/bundle.$n"; } >"$work/zone"
        bad=$(ldns-verify-zone -V 1 -t "$(cat "$work/bundle.$n.time")" "$work/zone" 2>&1 | sed -e '/^Error: no signatures for [^ ]*[[:space:]]SOA$/d' \
            -e '/^Error: there is no NSEC(3) for /d' -e '/^There were errors in the zone$/d')
        if [ -z "$bad" ]; then good=$((good + 1)); else fail "$rrsets bundle $n: $(printf '%s' "$bad" | head -n 2 | tr '\n' ' ')"; fi
    done
    check "$rrsets: bundles in which every signature verifies (ldns)" "$good" "$bundles"
    rm -f "$work"/bundle.*
done

# 7. The log of the delivery goes on where the transcript ended.
fingerprint=$(hash_of transcript.jsonl)
if [ -e delivery.jsonl ] || [ -e delivery.jsonl.sig ]; then
    chain delivery.jsonl "$fingerprint"
    signed delivery.jsonl claviger-delivery
else
    ok "no delivery log (it is added after the record was written)"
fi

# 8. The paper.
if [ -n "$paper" ]; then check "the transcript's fingerprint is that of the paper" "$fingerprint" "$paper"; fi
echo "transcript fingerprint  $(printf '%s' "$fingerprint" | sed 's/..../& /g')"
printf 'ssh-ed25519 %s\n' "$key" >"$work/key"
echo "ceremony key            $(ssh-keygen -l -f "$work/key" 2>&1 | cut -d ' ' -f 2)"
[ -z "$mark" ] || echo "THIS IS THE RECORD OF A REHEARSAL"
[ -n "$paper" ] || echo "NOT ANCHORED: compare the fingerprint with the witnesses' paper"
[ $failed -eq 0 ] && echo "verdict                 good" || echo "verdict                 BAD"
exit $failed
