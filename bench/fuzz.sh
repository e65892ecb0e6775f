#!/bin/sh
# A hostile guest at the hypervisor interface, as long as wanted; see module fuzz.
#
#   bench/fuzz.sh [--seed S] [--calls N] [--storm N] [--variant NAME] [--steps N] [--program SEED | --choices LIST]
#
# Prints calls a second and totals by status. --storm: N calls by several VPs at once, each on its thread, while their input changes.
# What breaks a rule is made smaller, and printed step by step with the command that runs it again: --program by its seed, which makes it
# smaller, too; --choices as it is, or as you have changed it.
# Exit status 0: all rules held; 1: one did not, printed with its seed; 2: wrong usage.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=../scripts/toolchain.sh
. "$root/scripts/toolchain.sh"
need_jdk
jar=$root/fuzz/target/fuzz-0.1.0-SNAPSHOT.jar
classpath=$jar
for module in hypervisor soft engine memory tlfs state; do
    classpath=$classpath:$root/$module/target/$module-0.1.0-SNAPSHOT.jar
done
if [ ! -f "$jar" ] || [ -n "$(find "$root"/*/src -path '*/main/*' -newer "$jar" | head -n 1)" ]; then
    need_maven
    (cd "$root" && JAVA_HOME=$jdk mvn -B -ntp -q -Dspotless.skip=true -Dmaven.test.skip=true package -pl fuzz -am) >&2
fi
exec "$jdk/bin/java" --enable-native-access=ALL-UNNAMED -Xmx1g -XX:+UseSerialGC -cp "$classpath" portcullis.fuzz.Fuzz "$@"
