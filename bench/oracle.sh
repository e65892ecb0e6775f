#!/bin/sh
# Compares random instructions on the software processor and on this machine's own, as long as wanted; see module oracle.
#
#   bench/oracle.sh [--seed S] [--instructions N] [--families f,...] [--exclude mnemonic,...] [--case SEED:SLOT]
#
# Exit status 0: no difference; 1: differences, printed as assembly with their input; 2: wrong usage.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=../scripts/toolchain.sh
. "$root/scripts/toolchain.sh"
need_jdk
jar=$root/oracle/target/oracle-0.1.0-SNAPSHOT.jar
if [ ! -f "$jar" ] || [ -n "$(find "$root"/memory/src "$root"/engine/src "$root"/soft/src "$root"/oracle/src -path '*/main/*' -newer "$jar" | head -n 1)" ]; then
    need_maven
    (cd "$root" && JAVA_HOME=$jdk mvn -B -ntp -q -Dspotless.skip=true -Dmaven.test.skip=true package -pl oracle -am) >&2
fi
classpath=$jar
for module in soft engine memory state; do
    classpath=$classpath:$root/$module/target/$module-0.1.0-SNAPSHOT.jar
done
exec "$jdk/bin/java" --enable-native-access=ALL-UNNAMED -Xmx512m -XX:+UseSerialGC -cp "$classpath" portcullis.oracle.Fuzz "$@"
