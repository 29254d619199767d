#!/usr/bin/env bash
# pretune.sh ROOT OCTET WORK: ./run --pretune in a small checkout below WORK whose only table has few and small
# shapes: killed, out of time, resumed, through, once more, and with a newer table. What is there in place of a
# build takes the command OCTET and makes another one of it wherever tables have changed, as a build does.
set -euo pipefail
root=$1 octet=$2 work=$3

table=data/tuned/gemm_blockscale/small.csv
out=out/pretune-cpu
rows=(1 2 3 4 5 6 7 8)
shapes=$((${#rows[@]} + 1)) # the last has a row of this device, with a kernel that no other shape has timed

fail() {
  echo "pretune.sh: $*" >&2
  cat log >&2
  exit 1
}

row() { echo "sm90,132,e4m3fn,$1,64,128,sm90_simple,3,s"; }

checkout() {
  rm -rf "$work"
  mkdir -p "$work"/{scripts,build} "$work/data/models" "$work/data/tuned/gemm_blockscale"
  cd "$work"
  cp "$root/run" .
  cp "$root/data/models/Qwen3-32B-FP8.json" data/models/
  cp -r "$root/data/cost" data/
  {
    echo arch,cu_num,format,m,n,k,variant,us,source
    echo generic,1,e4m3fn,16,64,128,generic_ref,9,s
    for m in "${rows[@]}"; do row "$m"; done
  } >"$table"
  printf '#!/bin/sh\n' >scripts/setup
  # The command proper with the tables' bytes behind it, and the command that names the only table as built in.
  cat >scripts/build <<TEXT
#!/usr/bin/env bash
{ cat "$octet" $table; } >build/new
if ! cmp -s build/new build/octet.bin; then mv build/new build/octet.bin; fi
chmod +x build/octet.bin
cat >build/octet <<COMMAND
#!/usr/bin/env bash
# \$(sha256sum <build/octet.bin)
if [[ -e hang ]]; then set -- "\\\$@" --fault generic_ref:hang; fi
[[ \\\$1 != tune ]] || set -- tune --pretune $table --threads 1 "\\\${@:3}"
exec build/octet.bin "\\\$@"
COMMAND
chmod +x build/octet
TEXT
  chmod +x scripts/setup scripts/build
}

# pretune CODE ARGUMENTS...: its output is in `log`.
pretune() {
  local wanted=$1 code=0
  shift
  OCTET_CPU_ARCH=generic ./run --pretune "$@" >log 2>&1 || code=$?
  ((code == wanted)) || fail "exit code $code, not $wanted: ./run --pretune $*"
}

records() { if [[ -r $out/journal.jsonl ]]; then grep -c '"winner"' "$out/journal.jsonl" || :; else echo 0; fi; }

says() { grep -q -- "$1" log || fail "does not say: $1"; }

own_rows() { grep -c '^generic,' "$1" || :; }

# In the last shape; the whole group, as a closed terminal or a power cut takes all.
killed() {
  touch hang
  OCTET_CPU_ARCH=generic setsid ./run --pretune >log 2>&1 &
  local group=$!
  for ((i = 0; i < 3000 && $(records) < ${#rows[@]}; ++i)); do sleep 0.01; done
  kill -KILL -- "-$group" || fail "through before it was killed"
  wait "$group" || :
  rm hang
}

checkout
cp "$table" before.csv

killed
kept=${#rows[@]}
(($(records) == kept)) || fail "$(records) records when it was killed"

pretune 0 --budget 0.000001s
says "run: time is up; ./run --pretune goes on"
(($(records) == kept)) || fail "$(records) records, of $kept"
cmp "$table" before.csv || fail "no table of a part is built in"

pretune 0
says "small.csv *$shapes *1 *$kept *$kept *1 *0 *0 *0$"
says "run: build/octet and the library of the next build have the new rows"
says ": 0 faults"
says "octet: $table: $shapes shapes"
(($(own_rows "$table") == shapes)) || fail "$(own_rows "$table") rows of this device"
for m in "${rows[@]}"; do grep -qx "$(row "$m")" "$table" || fail "the row of m = $m is gone"; done

cp "$table" before.csv
pretune 0
says "run: nothing to do"
(($(records) == shapes)) || fail "$(records) records"
cmp "$table" before.csv || fail "another table"

# A newer table: it is measured, and what was set aside does not go over it.
row 9 >>"$table"
pretune 0
says "run: octet has changed since $out was begun"
says "octet: the journal was set aside as .old"
grep -qx "$(row 9)" "$table" || fail "the new row is gone"
(($(own_rows "$table") == shapes + 1)) || fail "$(own_rows "$table") rows of this device"
cd /
rm -rf "$work"
