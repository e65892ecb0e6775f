#!/bin/sh
# Runs the stress tests of the flush gate: a short slice, or as long as is said.
#
#   stress/run.sh [--minutes N] [jcstress option ...]
#
# Without --minutes each test runs a third of a second in one kind of JVM: half a minute for all. With it, passes through all kinds
# that jcstress knows (interpreted, C1, C2, with randomised optimisation, pinned and free threads) follow each other until the time
# is up. Prints how often each outcome was seen. Fails where one was seen that is not declared, or a test hung or crashed.
# Build first: mvn -q package -pl stress -am, or ./verify.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
minutes=
if [ "${1:-}" = --minutes ]; then
    minutes=$2
    shift 2
fi
[ -d "$here/target/lib" ] || { echo "stress/run.sh: build first: mvn -q package -pl stress -am" >&2 && exit 2; }
classes=$here/target/classes:$here/target/lib/*

work=$(mktemp -d "${TMPDIR:-/tmp}/gate-stress.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work"

jcstress() {
    "$java" -Xmx256m --enable-native-access=ALL-UNNAMED -cp "$classes" org.openjdk.jcstress.Main "$@"
}

# One pass; its outcomes are added to outcomes.
pass() {
    rm -f jcstress-results-*
    if ! jcstress -r report "$@" >log 2>&1; then
        cat log >&2
        echo "stress: jcstress failed" >&2
        exit 1
    fi
    jcstress -p jcstress-results-* -v -r report >verbose 2>/dev/null || true
    for bad in "Failed tests" "Error tests"; do
        if ! grep -q "$bad: No matches" verbose; then
            cat verbose >&2
            echo "stress: $bad; see above" >&2
            exit 1
        fi
    done
    awk '
        /^\.+ \[OK\]/ { test = $3 }
        /Acceptable|Forbidden|Interesting/ && match($0, /[0-9,]+ +<?[0-9.]+%/) {
            outcome = substr($0, 1, RSTART - 1)
            gsub(/^ +| +$/, "", outcome)
            split(substr($0, RSTART, RLENGTH), part, " ")
            gsub(/,/, "", part[1])
            print test "\t" outcome "\t" part[1]
        }' verbose >>outcomes
}

passes=0
if [ -z "$minutes" ]; then
    pass -jvmArgs "-Xmx256m -XX:+UseSerialGC" -sc false -af NONE -f 1 -fsm 1 -iters 1 -time 300 "$@"
    passes=1
else
    end=$(($(date +%s) + minutes * 60))
    while [ "$(date +%s)" -lt "$end" ]; do
        pass -hs 256 -f 1 -fsm 1 -iters 1 -time 300 "$@"
        passes=$((passes + 1))
    done
fi
[ -s outcomes ] || { cat log >&2 && echo "stress: nothing ran" >&2 && exit 1; }

awk -F '\t' '
    { count[$1 "\t" $2] += $3; sum[$1] += $3; all += $3 }
    END {
        for (key in count) {
            split(key, part, "\t")
            test = part[1]
            sub(/^portcullis\.stress\./, "", test)
            printf "%-40s %-20s %14d of %14d\n", test, part[2], count[key], sum[part[1]] | "sort"
        }
        close("sort")
        printf "%d samples in '"$passes"' pass(es), no forbidden outcome\n", all
    }' outcomes
