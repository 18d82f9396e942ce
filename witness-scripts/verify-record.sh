#!/bin/bash
# Checks the record of a key signing ceremony with tools that do not come from those who held it:
# bash, coreutils, diffutils, findutils, grep, sed, awk, ssh-keygen (OpenSSH 8.2+), openssl (3.x), ldns-verify-zone (ldns).
#
#   verify-record.sh DIR [FINGERPRINT]
#
# FINGERPRINT is the transcript's SHA-256 from a witness's paper (64 hexadecimal digits, spaces allowed). Without it the
# record is only consistent with itself: whoever could replace all of it could have made another one.
#
# Each check prints one line, `ok` or `FAIL`, or `note` for what to ask about; the exit code is 1 if any failed. Nothing is
# written but a folder in /tmp.
set -u -o pipefail
export LC_ALL=C
unset CDPATH

[ $# -ge 1 ] && [ $# -le 2 ] && [ -d "$1" ] || { echo "usage: verify-record.sh DIR [FINGERPRINT]" >&2; exit 2; }
paper=$(printf '%s' "${2-}" | tr -d ' \t\n' | tr 'A-F' 'a-f')
if [ $# -eq 2 ] && ! [[ $paper =~ ^[0-9a-f]{64}$ ]]; then
    echo "the fingerprint must have 64 hexadecimal digits; found '$2'" >&2; exit 2
fi
for tool in sha256sum base64 od find cmp diff grep sed awk ssh-keygen openssl ldns-verify-zone; do
    command -v "$tool" >/dev/null || { echo "missing: $tool" >&2; exit 2; }
done
case $1 in /*) cd "$1" ;; *) cd "./$1" ;; esac || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf -- "$work"' EXIT
failed=0

# What a record says may hold anything; on the screen it is one line of plain characters.
say() { printf '%s' "$1" | tr -c '[:print:]' '?'; echo; }
ok() { say "ok    $1"; }
fail() { say "FAIL  $1"; failed=1; }
# What, found, expected; two that are missing are not the same.
check() { if [ -n "$3" ] && [ "$2" = "$3" ]; then ok "$1"; else fail "$1: expected ${3:-something}; found ${2:-nothing}"; fi; }
stop() { echo "verdict                 BAD"; exit 1; }
hash_of() { [ ! -f "$1" ] || sha256sum <"$1" | cut -c1-64; }
# The value of a string in a line of the transcript. Quotes inside strings are escaped, so `"name":"` is never text.
value() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -n 1; }
# The transcript's entries of a kind: it stands behind the body, at the end of the line.
entries() { grep -E "\},\"kind\":\"$1\",\"prev\":\"[0-9a-f]{64}\",\"seq\":[0-9]+,\"step\":\"[a-z]+\",\"time\":\"[0-9TZ:-]+\",\"uptime\":[0-9]+\}\$" "$2"; }

# 1. Files: plain ones alone. SHA256SUMS names every file once, each has that hash, and there are no others, nor folders
#    with nothing in them. Three things come later and stand outside: the sums' own signature, the log of the delivery
#    (check 7), and signatures of witnesses: their folder is not looked into, whatever is there.
#    An empty DELIVERY.TMP says that the log was being written when the medium was cut off: what is there of it, under its
#    own names or under those that FAT made of them, counts for nothing.
inside() { find . -mindepth 1 -path ./cosignatures -type d -prune -o "$@" -print; }
outside='\./(SHA256SUMS(\.sig)?|delivery\.jsonl(\.sig)?)'
if [ -f DELIVERY.TMP ] && [ ! -s DELIVERY.TMP ]; then outside="$outside|\./(DELIVERY\.TMP|delivery\.jsonl[^/]*|DELIVE~[^/]*)"; fi
plain='\.(/[A-Za-z0-9._-]+)+'
if bad=$(inside ! -type f ! -type d; inside | grep -a -v -x -E "$plain|$outside"); [ -z "$bad" ]
then ok "no links, devices or odd names"; else fail "no files but plain ones: $bad"; stop; fi
for file in SHA256SUMS SHA256SUMS.sig transcript.jsonl transcript.jsonl.sig transcript.jsonl.ed25519 ceremony.pem \
    allowed_signers report.txt report.html profile.toml; do
    [ -f "$file" ] || { fail "$file: missing; this is no complete record"; stop; }
done
if bad=$(grep -a -v -n -E '^[0-9a-f]{64}  [A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$' SHA256SUMS | cut -c1-80)
then fail "SHA256SUMS: lines that are none: $(printf '%s' "$bad" | tr '\n' ';')"; fi
if bad=$(sha256sum --check --strict --quiet SHA256SUMS 2>&1); then ok "every file has the hash in SHA256SUMS"
else fail "SHA256SUMS: $(printf '%s' "$bad" | tr '\n' ';')"; fi
{ inside -type f; inside -type d -empty | sed 's|$|/|'; } | grep -v -x -E "$outside" | cut -c3- | sort >"$work/found"
cut -c67- SHA256SUMS | sort >"$work/listed"
if bad=$(diff "$work/listed" "$work/found"); then ok "no file is unknown"
else fail "unknown or missing files: $(printf '%s' "$bad" | grep '^[<>]' | tr '\n' ' ')"; fi

# 2. The key: the first entry names it; allowed_signers and ceremony.pem hold the same one. Practice (a rehearsal or a
#    drill) signs in other namespaces, so that its record never passes for a ceremony's.
first=$(head -n 1 transcript.jsonl | tr -d '\000')
key=$(printf '%s' "$first" | value ceremony_key)
mode=$(printf '%s' "$first" | value mode)
mark=
if [[ $mode =~ ^(rehearsal|drill:[a-z0-9-]{1,24})$ ]]; then mark=rehearsal-
elif ! [[ $mode =~ ^(ceremony|unattended)$ ]]; then fail "transcript.jsonl: unknown mode '$mode'"; fi
[[ $key =~ ^AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}$ ]] || fail "transcript.jsonl: the first entry names no Ed25519 key"
names="${mark}claviger-transcript,${mark}claviger-record,${mark}claviger-journal,${mark}claviger-delivery"
if printf 'ceremony namespaces="%s" ssh-ed25519 %s\n' "$names" "$key" | cmp -s - allowed_signers
then ok "allowed_signers holds the key of the first entry"
else fail "allowed_signers holds the key of the first entry, and nothing else: found $(head -c 300 allowed_signers | tr -d '\000')"; fi
check "ceremony.pem holds the same key" \
    "$(openssl pkey -pubin -in ceremony.pem -outform DER 2>/dev/null | od -An -tx1 | tr -d ' \n')" \
    "302a300506032b6570032100$(printf '%s' "$key" | base64 -d 2>/dev/null | tail -c 32 | od -An -tx1 | tr -d ' \n')"

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
    # A line has no control characters: inside strings they are escaped.
    [ -z "$(tr -d '\n -\377' <"$1" | od -An -tx1 | head -n 1)" ] || fail "$1: control characters"
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
last=$(tail -n 1 transcript.jsonl | tr -d '\000')
check "the last entry is the seal" "$(printf '%s' "$last" | value kind)" seal
check "the seal counts the entries before it" "$(printf '%s' "$last" | sed -n 's/.*"body":{"entries":\([0-9]*\),.*/\1/p')" \
    $(($(wc -l <transcript.jsonl) - 1))
printf '%s' "$last" | sed -n 's/.*"files":{\([^}]*\)}.*/\1/p' | tr -d '"' | tr ',' '\n' |
    sed -n 's/^\([^:]*\):\([0-9a-f]\{64\}\)$/\2  \1/p' | sort >"$work/sealed"
grep -v -E '  (transcript\.jsonl(\.sig|\.ed25519)?|ceremony\.pem|allowed_signers|report\.(txt|html))$' SHA256SUMS | sort >"$work/rest"
if bad=$(diff "$work/sealed" "$work/rest"); then ok "the seal binds all $(wc -l <"$work/sealed") other files"
else fail "seal: $(printf '%s' "$bad" | grep '^[<>]' | tr '\n' ' ')"; fi
outcome=$(printf '%s' "$last" | value outcome)
check "the first entry names the profile" "$(printf '%s' "$first" | value profile_sha256)" "$(hash_of profile.toml)"
plan=$(entries planned transcript.jsonl | tail -n 1)
if [ -f plan.json ] || [ "$outcome" = complete ]; then
    check "the plan that was confirmed is the one here" "$(printf '%s' "$plan" | value plan_sha256)" "$(hash_of plan.json)"
fi

# 6. Every DNSKEY signature. Beside each response of the transcript lies dnskey.txt with its RRsets, bundle by bundle.
#    Each bundle becomes a small zone of its own with a SOA record; ldns then judges it at the bundle's time. It must
#    complain about nothing but what such a zone cannot have: a signature of the SOA, NSEC records. One good signature of
#    an RRset is enough for ldns, and it looks at none without records: so each is judged in a zone where it is the only
#    one of its RRset, and no other owner or type is let in.
bundles() { # dnskey.txt, SHA-256 of the response: cuts it up, and prints the lines that should not be there
    awk -v hash="$2" -v out="$work/bundle." '
        NR == 1 && /^; RRsets of / { next }
        NR == 2 && $0 == "; SHA-256 " hash { next }
        /^; bundle [0-9]+ of [0-9]+ at [0-9]+$/ && $3 == n + 1 && length($7) == 14 { n++; print $7 > (out n ".time"); next }
        n && owner == "" { owner = $1 }
        !n || $1 != owner || $3 != "IN" || /(^|[^\\])[();"]/ { print NR ": " $0; next }
        $4 ~ /^(DNSKEY|CDS|CDNSKEY)$/ && NF == 8 { here[n, $4] = 1; print > (out n); next }
        $4 == "RRSIG" && NF == 13 && here[n, $5] { print > (out n); next }
        { print NR ": " $0 }' "$1" 2>&1 | cut -c1-100
    : >"$work/bundle.0" # so that there is always one to remove
}
alone() { # a bundle, a number: the bundle with that one signature of each RRset, or its last
    awk -v number="$2" 'NR == FNR { if ($4 == "RRSIG") all[$5]++; next }
        $4 != "RRSIG" || ++n[$5] == (number < all[$5] ? number : all[$5])' "$1" "$1"
}
response() { # the response, its SHA-256 in the transcript
    local rrsets=${1%/*}/dnskey.txt bad one n good=0 all most number
    if ! grep -q -x -F -e "$1" "$work/found" || ! grep -q -x -F -e "$rrsets" "$work/found"; then
        if [ "$outcome" = complete ]; then fail "$1 or $rrsets: missing"; fi
        return
    fi
    check "$1 is the response of the transcript" "$(hash_of "$1")" "$2"
    bad=$(bundles "$rrsets" "$2")
    if [ -n "$bad" ]; then fail "$rrsets: lines that should not be there, made from a response that is not in the transcript, or not in order: $bad"; return; fi
    # Both say the same: each key and signature of dnskey.txt stands in the response, as often, and it has no others.
    awk '$4 == "RRSIG" { print $13 } $4 ~ /^C?DNSKEY$/ { print $8 }' "$rrsets" | sort >"$work/said"
    tr -d ' \t\n' <"$1" | grep -a -o -F -f "$work/said" | sort >"$work/there"
    bad=$(diff "$work/said" "$work/there" | grep '^[<>]' | head -n 2 | tr '\n' ' ')
    [ -z "$bad" ] || fail "$rrsets: not in $1, or not as often: $bad"
    check "$rrsets: as many signatures as $1" "$(awk '$4 == "RRSIG"' "$rrsets" | wc -l)" \
        "$(grep -o -E '[[:space:]]RRSIG[[:space:]]|<SignatureData[[:space:]>]' "$1" | wc -l)"
    check "$rrsets: as many keys as $1" "$(awk '$4 == "DNSKEY"' "$rrsets" | wc -l)" \
        "$(tr -s '[:space:]' '\n' <"$1" | awk '$0 == "DNSKEY" && before != "RRSIG" || /^<PublicKey>/ { n++ } { before = $0 } END { print n + 0 }')"
    all=$(grep -c '^; bundle ' "$rrsets")
    for ((n = 1; n <= all; n++)); do
        [ -s "$work/bundle.$n" ] || { fail "$rrsets bundle $n: empty"; continue; }
        most=$(awk '$4 == "RRSIG" && ++n[$5] > most { most = n[$5] } END { print most + 0 }' "$work/bundle.$n")
        for ((number = 1; number == 1 || number <= most; number++)); do
            { awk 'NR == 1 { print $1, "0 IN SOA . . 1 1 1 1 1" }' "$work/bundle.$n"; alone "$work/bundle.$n" $number; } >"$work/zone"
            ldns-verify-zone -V 1 -t "$(cat "$work/bundle.$n.time")" "$work/zone" >"$work/ldns" 2>&1
            bad=$(sed -e '/^Error: no signatures for [^ ]*[[:space:]]SOA$/d' -e '/^Error: there is no NSEC(3) for /d' \
                -e '/^There were errors in the zone$/d' "$work/ldns")
            # That it misses the signature of the SOA shows that it has come that far.
            [ -z "$bad" ] && grep -q '[[:space:]]SOA$' "$work/ldns" || { bad="not verified: $bad"; break; }
        done
        if [ -z "$bad" ]; then good=$((good + 1)); else fail "$rrsets bundle $n: $(printf '%s' "$bad" | head -n 2 | tr '\n' ' ')"; fi
    done
    check "$rrsets: bundles in which every signature verifies (ldns)" "$good" "$all"
    rm -f "$work"/bundle.*
}
# The last of each path counts: a ceremony that went on after a fault may name a response twice.
entries response transcript.jsonl | sed -n 's/.*"path":"\([^"]*\)","sha256":"\([0-9a-f]\{64\}\)"},"kind".*/\2  \1/p' |
    awk '{ sum[$2] = $1 } END { for (path in sum) print sum[path] "  " path }' | sort -k 2 >"$work/responses"
while read -r sum path; do response "$path" "$sum"; done <"$work/responses"
for rrsets in jobs/*/dnskey.txt; do
    [ ! -f "$rrsets" ] || grep -q -F -e "  ${rrsets%dnskey.txt}" "$work/responses" || fail "$rrsets: of no response in the transcript"
done
if [ "$outcome" = complete ]; then
    signatures=$(cat jobs/*/dnskey.txt 2>/dev/null | awk '$4 == "RRSIG" && !/^;/' | wc -l)
    check "as many new signatures as planned" "$signatures" "$(printf '%s' "$plan" | sed -n 's/.*"signatures":\([0-9]*\)}.*/\1/p')"
fi

# 7. The log of the delivery goes on where the transcript ended.
fingerprint=$(hash_of transcript.jsonl)
if [ -f DELIVERY.TMP ]; then
    echo "note  the delivery log was being written when the medium was cut off (DELIVERY.TMP); it does not count"
elif [ -f delivery.jsonl ] || [ -f delivery.jsonl.sig ]; then
    chain delivery.jsonl "$fingerprint"
    signed delivery.jsonl claviger-delivery
    sums=$(hash_of SHA256SUMS)
    bad=$(entries record-written delivery.jsonl | grep -v -F -e "\"sha256\":\"$sums\"")
    if [ -z "$bad" ]; then ok "what the log says was written is this record"; else fail "delivery.jsonl: another record was written: $bad"; fi
elif [ "$outcome" = complete ]; then
    echo "note  no delivery log, which is added after the record was written: who says what was delivered where?"
else
    ok "no delivery log (it is added after the record was written)"
fi

# 8. The paper.
if [ -n "$paper" ]; then check "the transcript's fingerprint is that of the paper" "$fingerprint" "$paper"; fi
echo "transcript fingerprint  $(printf '%s' "$fingerprint" | sed 's/..../& /g')"
printf 'ssh-ed25519 %s\n' "$key" >"$work/key"
echo "ceremony key            $(ssh-keygen -l -f "$work/key" 2>&1 | cut -d ' ' -f 2)"
say "mode and outcome        $mode, $outcome"
[ -z "$mark" ] || say "THIS IS THE RECORD OF A $(printf '%s' "${mode%%:*}" | tr 'a-z' 'A-Z')"
[ -n "$paper" ] || echo "NOT ANCHORED: compare the fingerprint with the witnesses' paper"
[ $failed -eq 0 ] && echo "verdict                 good" || echo "verdict                 BAD"
exit $failed
