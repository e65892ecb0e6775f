#!/bin/sh
# The same hostile guest as bench/fuzz.sh, its choices made by Jazzer, which looks at what of the hypervisor an input reaches.
#
#   bench/jazzer.sh [MINUTES] [libFuzzer options...]
#
# What it learns stays in jazzer/target/corpus. An input that breaks a rule is kept as crash-... in jazzer/target, and run again by
#   bench/jazzer.sh 0 jazzer/target/crash-...
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=../scripts/toolchain.sh
. "$root/scripts/toolchain.sh"
minutes=${1:-5}
[ $# = 0 ] || shift
need_jdk
jar=$root/jazzer/target/jazzer-0.1.0-SNAPSHOT.jar
if [ ! -f "$jar" ] || [ -n "$(find "$root"/*/src -path '*/main/*' -newer "$jar" | head -n 1)" ]; then
    need_maven
    (cd "$root" && JAVA_HOME=$jdk mvn -B -ntp -q -Pjazzer -Dspotless.skip=true -Dmaven.test.skip=true package -pl jazzer -am) >&2
fi
learnt=$root/jazzer/target/corpus
mkdir -p "$learnt"
cd "$root/jazzer/target"
if [ "$minutes" != 0 ]; then
    set -- -max_total_time=$((minutes * 60)) "$@" "$learnt" "$root/fuzz/src/test/resources/corpus"
fi
exec "$jdk/bin/java" --enable-native-access=ALL-UNNAMED -Xmx1500m -XX:+UseSerialGC -cp "$jar:$root/jazzer/target/lib/*" \
    com.code_intelligence.jazzer.Jazzer --target_class=portcullis.jazzer.InterfaceTarget \
    '--instrumentation_includes=portcullis.hypervisor.**:portcullis.memory.**' --reproducer_path=. \
    -max_len=3000 -len_control=0 -rss_limit_mb=0 -timeout=120 "$@"
