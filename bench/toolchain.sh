# What hypercalls.sh and gate.sh share. Sourced with $root set.
# shellcheck shell=sh disable=SC2034,SC2154

# shellcheck source=../scripts/toolchain.sh
. "$root/scripts/toolchain.sh"

# Builds what has changed: the application, its guests, this module. Sets $jdk and $classpath.
build_benchmarks() {
    need_jdk
    build_guests
    jar=$root/bench/target/bench-0.1.0-SNAPSHOT.jar
    if [ ! -f "$jar" ] || [ -n "$(find "$root"/*/src/main "$root"/*/pom.xml -newer "$jar" | head -n 1)" ]; then
        need_maven
        (cd "$root" && JAVA_HOME=$jdk mvn -B -ntp -q -Dspotless.skip=true -Dmaven.test.skip=true package -pl bench,app -am) >&2
    fi
    classpath=$jar:$root/bench/target/lib/*
    for module in machine hypervisor soft engine memory tlfs state; do
        classpath=$classpath:$root/$module/target/$module-0.1.0-SNAPSHOT.jar
    done
}

# benchmark CLASS ARGUMENT...
benchmark() {
    "$jdk/bin/java" -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
        -Dportcullis.home="$root" -cp "$classpath" "$@"
}

# What the figures were measured on.
describe_host() {
    model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
    printf '%s, %s processors, %s, load %s\n\n' "${model:-$(uname -m)}" "$(getconf _NPROCESSORS_ONLN)" \
        "$("$jdk/bin/java" -version 2>&1 | sed -n 2p)" "$(cut -d' ' -f1 /proc/loadavg 2>/dev/null)"
}
