# What scripts/quickstart and scripts/test need before they start: cargo, and
# the Postgres server programs. Sourced by them, never run.
# shellcheck shell=bash

# shellcheck disable=SC2034  # read by the scripts that source this file
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
    say "$@"
    exit 2
}

# Prints the header comment of the script that sources this file.
print_help() {
    sed -n '2,/^[^#]/ { s/^# \{0,1\}//p }' "$0"
}

ensure_cargo() {
    if ! command -v cargo >/dev/null && [[ -x ${CARGO_HOME:-$HOME/.cargo}/bin/cargo ]]; then
        # rustup has been here, but this shell has not read its profile since.
        PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    fi
    command -v cargo >/dev/null ||
        die "cargo was not found. Install Rust with rustup (https://rustup.rs), then run this again."
    command -v cc >/dev/null || command -v clang >/dev/null ||
        die "no C compiler to link with was found. Install one: apt-get install build-essential, or your system's like."
}

# Prints the folder that holds initdb and postgres, looked for where seedrow
# itself looks: PGBINDIR, PATH, Debian's versions (newest first), Homebrew and
# the usual RPM folders. Fails when there is none.
postgres_programs() {
    local folders folder
    IFS=: read -r -a folders <<<"${PGBINDIR:-}:$PATH"
    while IFS= read -r folder; do
        folders+=("$folder")
    done < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV)
    folders+=(
        /opt/homebrew/opt/postgresql*/bin
        /usr/local/opt/postgresql*/bin
        /usr/pgsql-*/bin
    )
    for folder in "${folders[@]}"; do
        if [[ -n $folder && -x $folder/initdb && -x $folder/postgres ]]; then
            printf '%s\n' "$folder"
            return
        fi
    done
    return 1
}

# Prints a Postgres program: beside the server's, in PATH, or in Debian's folders.
postgres_program() {
    local found
    for found in "$(postgres_programs)/$1" "$(command -v "$1")" /usr/lib/postgresql/*/bin/"$1"; do
        [[ -x $found ]] && printf '%s\n' "$found" && return
    done
    die "$1 was not found. Install it: apt-get install postgresql, or your system's like."
}

# Who runs servers where root may not.
server_user=nobody

# Runs a server's program whose data is in $folder, as another user where root may not.
as_server() {
    if [[ $EUID -eq 0 ]]; then
        setpriv --reuid "$server_user" --regid "$(id -g "$server_user")" --clear-groups -- env HOME="$folder" "$@"
    else
        "$@"
    fi
}

# Prints the folder of server programs for which Citus is installed. Fails when there is none.
citus_programs() {
    local config
    for config in "${PGBINDIR:-}/pg_config" "$(command -v pg_config)" /usr/lib/postgresql/*/bin/pg_config; do
        if [[ -x $config && -e $("$config" --pkglibdir)/citus.so ]]; then
            "$config" --bindir
            return
        fi
    done
    return 1
}

ensure_postgres() {
    if [[ -n ${PGBINDIR:-} && ! -x $PGBINDIR/initdb ]]; then
        die "PGBINDIR is $PGBINDIR, and there is no initdb there. Correct it, or unset it."
    fi
    if postgres_programs >/dev/null; then
        return
    fi
    if ! command -v apt-get >/dev/null; then
        die "the Postgres server programs (initdb, postgres) were not found, and this script installs them" \
            "with apt-get only. Install them yourself (Fedora: dnf install postgresql-server; Arch: pacman -S" \
            "postgresql; macOS: brew install postgresql), or set PGBINDIR to the folder that holds them."
    fi
    if [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then
        die "the Postgres server programs (initdb, postgres) were not found, and there is no sudo to install" \
            "them with. As root: apt-get install postgresql. Or set PGBINDIR to the folder that holds them."
    fi
    say "no Postgres server programs found: installing Debian's package postgresql"
    # A shell of its own, whose traps leave the caller's alone. It stands in no
    # condition, since bash would then go on after a command of it failed.
    (install_postgres)
    postgres_programs >/dev/null ||
        die "apt-get installed the package postgresql, yet initdb and postgres are not where they belong."
}

# Installs the server without the cluster that the package would make and
# start, at boot too: seedrow runs a private server of its own. The setting
# that prevents it is put back as it was, for whoever wants a cluster later.
install_postgres() {
    # Not local: the trap reads it after the function has returned.
    settings=/etc/postgresql-common/createcluster.conf
    apt_get update -qq
    apt_get install -qq -y --no-install-recommends postgresql-common
    as_root cp -p "$settings" "$settings.before-seedrow"
    trap 'as_root mv -f "$settings.before-seedrow" "$settings"' EXIT
    as_root pg_conftool "$settings" set create_main_cluster off
    apt_get install -qq -y --no-install-recommends postgresql
}

# write_checksum FILE: writes its SHA-256 to FILE.sha256, as `sha256sum --check` reads it.
write_checksum() {
    if command -v sha256sum >/dev/null; then
        sha256sum "$1" >"$1.sha256"
    else
        shasum -a 256 "$1" >"$1.sha256"
    fi
}

# Prints the program check-jsonschema, which comes from PyPI, into target/deploy.
check_jsonschema() {
    local folder=$root/target/deploy
    if [[ ! -x $folder/bin/check-jsonschema ]]; then
        command -v python3 >/dev/null || return
        say "installing check-jsonschema"
        { python3 -m venv "$folder" && "$folder/bin/pip" install --quiet check-jsonschema; } >&2 || return
    fi
    printf '%s\n' "$folder/bin/check-jsonschema"
}

ensure_jq() {
    command -v jq >/dev/null || apt_get install -qq -y --no-install-recommends jq
}

# Prints the program of a browser that runs without a window.
browser_program() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

ensure_browser() {
    if browser_program >/dev/null; then
        return
    fi
    command -v apt-get >/dev/null ||
        die "no Chromium was found, and this script installs one with apt-get only. Install it yourself."
    say "no browser found: installing Debian's package chromium"
    apt_get update -qq
    # Without fonts of its own it would draw boxes.
    apt_get install -qq -y --no-install-recommends chromium fonts-dejavu-core fonts-liberation
}

# Prints the program nginx. Where it is missing, Debian's is unpacked and not
# installed: the package would start a server.
nginx_program() {
    local folder=$root/target/nginx
    if ! PATH=$PATH:/usr/sbin command -v nginx; then
        if [[ ! -x $folder/usr/sbin/nginx ]]; then
            say "unpacking nginx from Debian's package"
            mkdir -p "$folder"
            (cd "$folder" && apt-get download -qq -o APT::Sandbox::User= nginx >&2 && dpkg -x nginx_*.deb .) || return
        fi
        printf '%s\n' "$folder/usr/sbin/nginx"
    fi
}

# Standard output is the tool's alone, so apt-get's goes to standard error.
apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" >&2
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    else
        sudo "$@"
    fi
}
