# Finds or, with consent, installs what Portcullis is built with: a JDK 25, Maven, a C compiler. Sourced by the launcher and verify.
# shellcheck shell=sh

say() {
    printf 'portcullis: %s\n' "$*" >&2
}

die() {
    say "$*"
    exit 1
}

# Whether a folder holds a JDK of exactly this feature release. Its `release` file says so without starting a JVM.
is_jdk() {
    [ -x "$1/bin/javac" ] || return 1
    [ -r "$1/release" ] || return 1
    while read -r line; do
        case $line in
            'JAVA_VERSION="25"'* | 'JAVA_VERSION="25'[.+-]*) return 0 ;;
        esac
    done <"$1/release"
    return 1
}

# Sets $jdk, or fails.
find_jdk() {
    on_path=$(command -v javac 2>/dev/null || true)
    [ -z "$on_path" ] || on_path=$(readlink -f "$on_path" 2>/dev/null || echo "$on_path")
    for jdk in "${JAVA_HOME:-}" "${on_path%/bin/javac}" \
        /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /usr/local/openjdk-25 /opt/java/* /opt/jdk* /opt/openjdk* \
        /Library/Java/JavaVirtualMachines/*/Contents/Home "${HOME:-/}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
        /opt/homebrew/opt/openjdk@25/libexec/openjdk.jdk/Contents/Home /usr/local/opt/openjdk@25/libexec/openjdk.jdk/Contents/Home \
        "${HOME:-/}"/.sdkman/candidates/java/* "${HOME:-/}"/.jdks/* "${HOME:-/}"/.asdf/installs/java/* \
        "${HOME:-/}"/.local/share/mise/installs/java/*; do
        if [ -n "$jdk" ] && is_jdk "$jdk"; then
            return 0
        fi
    done
    return 1
}

# Sets $manager to the first package manager there is, and $install to its command.
find_manager() {
    for manager in apt-get dnf zypper pacman apk brew; do
        if command -v "$manager" >/dev/null 2>&1; then
            case $manager in
                apt-get) install="apt-get install -y --no-install-recommends" ;;
                dnf) install="dnf install -y" ;;
                zypper) install="zypper --non-interactive install" ;;
                pacman) install="pacman -S --noconfirm --needed" ;;
                apk) install="apk add" ;;
                brew) install="brew install" ;;
            esac
            return 0
        fi
    done
    manager=
    return 1
}

# The names that $manager may have for a tool, best first; names joined by + go together.
package_names() {
    case $1/$manager in
        jdk/apt-get) echo openjdk-25-jdk-headless temurin-25-jdk ;;
        jdk/dnf | jdk/zypper) echo java-25-openjdk-devel ;;
        jdk/pacman) echo jdk25-openjdk ;;
        jdk/apk) echo openjdk25-jdk openjdk25 ;;
        jdk/brew) echo openjdk@25 ;;
        gcc/apt-get) case $(uname -m) in x86_64) echo gcc+binutils ;; *) echo gcc-x86-64-linux-gnu+binutils-x86-64-linux-gnu ;; esac ;;
        gcc/brew) echo x86_64-elf-gcc+x86_64-elf-binutils ;;
        gcc/*) echo gcc+binutils ;;
        # Elsewhere another tool has the name.
        spin/apt-get) echo spin ;;
        spin/*) ;;
        *) echo "$1" ;;
    esac
}

has_package() {
    case $manager in
        apt-get) apt-cache show "$1" 2>/dev/null | grep -q '^Package:' ;;
        dnf) dnf -q info "$1" >/dev/null 2>&1 ;;
        zypper) zypper -q info "$1" 2>/dev/null | grep -q '^Version' ;;
        pacman) pacman -Si "$1" >/dev/null 2>&1 ;;
        apk) apk info "$1" >/dev/null 2>&1 || apk search -e "$1" 2>/dev/null | grep -q . ;;
        brew) brew info "$1" >/dev/null 2>&1 ;;
    esac
}

# Sets $packages to what the system calls a tool, or fails where it has none.
find_packages() {
    for names in $(package_names "$1"); do
        if has_package "${names%%+*}"; then
            packages=$(echo "$names" | tr + ' ')
            return 0
        fi
    done
    return 1
}

# require TOOL DESCRIPTION: installs it from the system's packages, or ends with one line that says what to install.
install_tool() {
    missing="$2 is missing"
    find_manager || die "$missing: install it and start again."
    as_root=
    if [ "$manager" != brew ] && [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 && as_root=sudo
        [ -n "$as_root" ] || die "$missing: install it as root ($install $(package_names "$1" | cut -d' ' -f1 | tr + ' ')) and start again."
    fi
    if [ "${CI:-}" != true ]; then
        by_hand=
        [ "$1" != jdk ] || by_hand=", unpack one into ~/.jdks,"
        [ -t 0 ] && [ -t 2 ] || die "$missing: install it ($install $(package_names "$1" | cut -d' ' -f1 | tr + ' '))$by_hand or set CI=true to have it done."
        printf 'portcullis: %s. Install it with %s? [y/N] ' "$missing" "$manager" >&2
        read -r answer || answer=
        case $answer in
            [yY]*) ;;
            *) die "$missing: nothing was installed." ;;
        esac
    fi
    if ! find_packages "$1" && [ "$manager" = apt-get ]; then
        $as_root apt-get update -q >&2 || true
    fi
    find_packages "$1" || die "$missing, and $manager has no package of it: install it by hand and start again."
    say "installing $packages"
    # shellcheck disable=SC2086 # commands and lists are words
    $as_root $install $packages >&2 || die "$missing: '$install $packages' failed."
}

# Sets $jdk.
need_jdk() {
    find_jdk && return 0
    install_tool jdk "a JDK 25 (looked at JAVA_HOME, PATH and where systems keep them)"
    find_jdk || die "a JDK 25 was installed but is not where systems keep them: set JAVA_HOME to it."
}

need_maven() {
    command -v mvn >/dev/null 2>&1 || install_tool maven "Maven (mvn)"
}

# A compiler that makes x86-64 code: the host's own on x86-64 Linux, a cross compiler elsewhere (as guests/make.sh looks for it).
has_compiler() {
    case $(uname -s)/$(uname -m) in
        Linux/x86_64 | Linux/amd64) compilers=${CC:-gcc} ;;
        *) compilers="${CC:-} x86_64-linux-gnu-gcc x86_64-elf-gcc" ;;
    esac
    for compiler in $compilers; do
        command -v "$compiler" >/dev/null 2>&1 && return 0
    done
    return 1
}

need_compiler() {
    has_compiler || install_tool gcc "a C compiler for x86-64 (gcc and binutils, for the guest programs)"
}

# Guests are built when a source is newer than the last build.
build_guests() {
    if [ ! -f "$root/guests/build/stamp" ] ||
        [ -n "$(find "$root/guests" -name build -prune -o -newer "$root/guests/build/stamp" -type f -print | head -n 1)" ]; then
        need_compiler
        say "building the guests"
        "$root/guests/make.sh" || die "the guests do not build; see the messages above."
    fi
}
