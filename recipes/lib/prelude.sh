# shellcheck shell=bash
# What every recipe can call; README.md lists it. dvm runs a recipe as a bash of its own with `set -Eeuo pipefail`,
# nothing on standard input, and this text first. Nothing here acts before it is called, but for the three lines below.
#
# Functions answer with their status; those named dvm_…, and with no word on what they print, print for people.
umask 022
# Whether this unit changed anything so far: dvm_service restarts what then may run on old files.
dvm_changed=0
trap 'dvm_on_error "$?" "${FUNCNAME[0]:-}" "$LINENO" "$BASH_COMMAND"' ERR

# --- Messages --------------------------------------------------------------------------------------------------------

dvm_log() { printf 'dvm: %s\n' "$*"; }

dvm_warn() { printf 'dvm: warning: %s\n' "$*" >&2; }

# dvm_fail WHAT [WHAT TO DO]: ends the unit, with a status by which dvm_on_error knows that all is said.
dvm_fail() {
    printf 'dvm: error: %s\n' "$1" >&2
    if [ -n "${2:-}" ]; then printf 'dvm: hint: %s\n' "$2" >&2; fi
    exit 78
}

# Names the command that failed without a word of dvm's. The text of a command holds no values of variables.
dvm_on_error() { # STATUS FUNCTION LINE COMMAND
    if [ "$BASH_SUBSHELL" != 0 ] || [ "$1" = 78 ]; then return 0; fi
    printf 'dvm: error: “%s” failed with status %s (line %s%s)\n' "${4%%$'\n'*}" "$1" "$3" "${2:+ of $2}" >&2
    if dvm_disk_is_full; then printf 'dvm: hint: the VM'\''s disk is full: %s\n' "$dvm_room" >&2; fi
}

# What to do about a full disk.
dvm_room='make room in it, or set a larger DVM_DISK and run dvm sync again'

# Whether there is less than 1 MiB left. What cannot be told is no full disk.
dvm_disk_is_full() {
    local free
    free=$(df -kP / 2>/dev/null | awk 'NR == 2 { print $4 }') || return 1
    [[ $free =~ ^[0-9]+$ ]] && [ "$free" -lt 1024 ]
}

# --- The machine -----------------------------------------------------------------------------------------------------

# dvm_release ID|VERSION_ID|VERSION_CODENAME…: prints a value of /etc/os-release, nothing when it has none.
dvm_release() {
    # shellcheck disable=SC1091  # the VM's
    (set +u && . /etc/os-release && printf '%s\n' "${!1}")
}

# Sets dvm_arch to x86_64 or aarch64.
dvm_know_arch() {
    if [ -n "${dvm_arch:-}" ]; then return 0; fi
    dvm_arch=$(uname -m)
    case $dvm_arch in
        x86_64 | aarch64) ;;
        arm64) dvm_arch=aarch64 ;;
        *) dvm_fail "this VM is of the architecture “$dvm_arch”" "recipes know x86_64 and aarch64" ;;
    esac
}

# dvm_on fedora|debian: whether the distribution is of the kind that has dnf, or of the one that has apt.
dvm_on() {
    if [ -z "${dvm_kind:-}" ]; then
        case " $(dvm_release ID) $(dvm_release ID_LIKE) " in
            *" debian "* | *" ubuntu "*) dvm_kind=debian ;;
            *" fedora "*) dvm_kind=fedora ;;
            *) dvm_fail "this VM's distribution “$(dvm_release ID)” is not one that recipes know" \
                "use an image of Fedora, Debian or Ubuntu (DVM_TEMPLATE)" ;;
        esac
    fi
    [ "$dvm_kind" = "$1" ]
}

# dvm_has_glibc VERSION: whether the VM's C library is at least that; taken for granted where it does not say.
dvm_has_glibc() {
    local there
    there=$(getconf GNU_LIBC_VERSION 2>/dev/null) || return 0
    printf '%s\n' "$1" "${there#glibc }" | sort -V -C
}

# dvm_has PROGRAM: whether it can be run.
dvm_has() { command -v "$1" >/dev/null 2>&1; }

# dvm_need_root FUNCTION
dvm_need_root() {
    if [ "$(id -u)" != 0 ]; then
        dvm_fail "$1 needs root, and this recipe runs as $(id -un)" "write “# dvm: as: root” in its header"
    fi
}

# A new directory that is gone when the unit ends, in dvm_new. A recipe with an EXIT trap of its own keeps it.
dvm_scratch() {
    local parent=${TMPDIR:-/tmp}
    if [ "$(id -u)" = 0 ]; then
        # Not /tmp, which may be in memory.
        parent=/var/cache/dvm
        mkdir -p "$parent"
    fi
    dvm_new=$(mktemp -d "$parent/unit.XXXXXX")
    dvm_scratches+=("$dvm_new")
    trap 'rm -rf -- "${dvm_scratches[@]}"' EXIT
}
dvm_scratches=()

# dvm_words TEXT: its words, one a line. Configurations write lists as arrays, whose elements arrive with a blank between
# them, or as strings.
dvm_words() {
    local word
    # shellcheck disable=SC2086  # splitting is the point
    set -f -- $1
    set +f
    for word; do printf '%s\n' "$word"; done
}

# dvm_yes NAME: whether a variable says yes; refuses what says neither.
dvm_yes() {
    case ${!1:-} in
        1 | true | yes) return 0 ;;
        '' | 0 | false | no) return 1 ;;
        *) dvm_fail "$1 says “${!1}”" "write 1 or 0" ;;
    esac
}

# --- Users and secrets -----------------------------------------------------------------------------------------------

# dvm_as_user COMMAND…: runs it as DVM_USER in their home, with the environment of their session.
dvm_as_user() {
    local id
    id=$(id -u "$DVM_USER")
    local environment=(
        "HOME=$DVM_HOME" "USER=$DVM_USER" "LOGNAME=$DVM_USER" SHELL=/bin/bash LANG=C.UTF-8
        "PATH=$DVM_HOME/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
        "XDG_RUNTIME_DIR=/run/user/$id" "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$id/bus"
        # Nobody is there to answer.
        GIT_TERMINAL_PROMPT=0 "GIT_SSH_COMMAND=ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new"
    )
    if [ "$(id -u)" = "$id" ]; then
        (cd -- "$DVM_HOME" && env -i "${environment[@]}" "$@")
    else
        # The home is entered by its owner: root may have no way in, and must not follow a link that is there.
        # shellcheck disable=SC2016  # expanded by that shell
        (cd / && runuser -u "$DVM_USER" -- env -i "${environment[@]}" /bin/sh -c 'cd -- "$HOME" && exec "$@"' sh "$@")
    fi
}

# dvm_user_bus: sees that DVM_USER's session has its message bus, over which engines of containers ask for control groups.
# A session that is older than the package has none.
dvm_user_bus() {
    dvm_packages -/dbus-user-session
    if ! dvm_as_user systemctl --user is-active -q dbus.socket; then
        dvm_as_user systemctl --user daemon-reload
        dvm_as_user systemctl --user start dbus.socket
    fi
}

# dvm_has_secret NAME: whether the caller gave it.
dvm_has_secret() { [ -n "${DVM_SECRETS_DIR:-}" ] && [ -s "$DVM_SECRETS_DIR/$1" ]; }

# dvm_secret_file NAME: prints the path of the file that holds it and nothing else. It is gone after the unit.
dvm_secret_file() {
    if ! dvm_has_secret "$1"; then
        dvm_fail "the secret $1 is missing" "set $1 where you run dvm sync, or DVM_SECRET_${1}_CMD in the configuration"
    fi
    printf '%s\n' "$DVM_SECRETS_DIR/$1"
}

# dvm_check_secret NAME PATTERN WHAT: refuses a secret that is not one line that matches the extended regular
# expression; it is never shown.
dvm_check_secret() {
    local file
    file=$(dvm_secret_file "$1")
    if [ "$(grep -c '' "$file")" != 1 ] || ! grep -qE -- "^($2)\$" "$file"; then
        dvm_fail "the secret $1 does not look like $3" "look at where you set it"
    fi
}

# --- Files and services ----------------------------------------------------------------------------------------------

# dvm_write FILE [MODE]: writes standard input to a file of root's, at once or not at all. Sets dvm_changed if that changed
# it, so it must not be the end of a pipe: use <<<, <<TEXT or < <(…).
dvm_write() {
    local file=$1 mode=${2:-0644} fresh
    dvm_wrote=0
    mkdir -p "${file%/*}"
    fresh=$(mktemp "${file%/*}/.dvm.XXXXXX")
    cat >"$fresh"
    chmod "$mode" "$fresh"
    if [ -f "$file" ] && [ ! -L "$file" ] && cmp -s "$fresh" "$file" && [ "$(stat -c %a "$file")" = "${mode#0}" ]; then
        rm -f "$fresh"
        return 0
    fi
    mv -T "$fresh" "$file"
    dvm_wrote=1 dvm_changed=1
}

# dvm_remove FILE…: removes what is there.
dvm_remove() {
    local file
    for file; do
        if [ -e "$file" ] || [ -L "$file" ]; then
            rm -rf -- "$file"
            dvm_changed=1
        fi
    done
}

# dvm_link TARGET LINK: makes a symbolic link at once.
dvm_link() {
    if [ "$(readlink "$2" 2>/dev/null || true)" = "$1" ]; then return 0; fi
    mkdir -p "${2%/*}"
    ln -sfn "$1" "$2.dvm-new"
    mv -T "$2.dvm-new" "$2"
    dvm_changed=1
}

# dvm_unit NAME: writes a systemd unit from standard input, and has systemd read it if it changed.
dvm_unit() {
    dvm_write "/etc/systemd/system/$1"
    if [ "$dvm_wrote" = 1 ]; then systemctl daemon-reload; fi
}

# dvm_own_service NAME PATH…: says, before dvm_service starts it, that a service is signed in as this VM, with what is at
# the PATHs, files and directories of root's. No copy of the VM runs it: it does not start where Lima calls the VM by
# another name, and when the copy gets an identity of its own, the PATHs are removed and this unit counts as never run.
dvm_own_service() {
    dvm_need_root dvm_own_service
    local service=$1 unit=${0%/*}
    shift
    dvm_write /usr/local/libexec/dvm/own-service 0755 <<'SCRIPT'
#!/bin/sh
# Written by dvm. Which VM this is to Lima, and whether it is still the one in which a service was set up.
# usage: own-service find [DISK]         prints what Lima calls this VM
#        own-service is INSTANCE [FILE]  for systemd's ExecCondition: 0 when FILE says that Lima calls it so, 1 in a copy,
#                                        255 when that cannot be told, which systemd takes for a failure
case $1 in
    find)
        # From it Lima sets the VM up at every start. At a start it may not have been found yet.
        disk=${2:-/dev/disk/by-label/cidata} tries=0
        until [ -e "$disk" ] || [ "$tries" = 50 ]; do
            tries=$((tries + 1))
            sleep 0.2
        done
        # Not mounted for it: Lima mounts it too, so that others cannot read it.
        found=$(LC_ALL=C grep -aoh 'LIMA_CIDATA_NAME=[A-Za-z0-9._-]*' "$disk" | sort -u)
        if [ -z "$found" ]; then
            echo "dvm: $disk does not say what Lima calls this VM" >&2
            exit 1
        fi
        printf '%s\n' "$found"
        ;;
    is)
        found=$(cat "${3:-/run/dvm-instance}")
        name=${found#LIMA_CIDATA_NAME=}
        case $name in
            "$2") exit 0 ;;
            '' | *[!A-Za-z0-9._-]*)
                echo "dvm: it cannot be told what Lima calls this VM, so a service of $2 does not start; see:" \
                    "journalctl -u dvm-instance" >&2
                exit 255
                ;;
        esac
        echo "dvm: this VM is $name, and the service is signed in as $2: it starts when dvm sync has run its recipe here" >&2
        exit 1
        ;;
    *)
        # To end with 0 would start the service.
        echo "dvm: own-service was asked in words of another version: run dvm sync" >&2
        exit 255
        ;;
esac
SCRIPT
    # In a unit of its own: in that of a service without devices, a disk cannot be read whatever its other rights.
    dvm_unit dvm-instance.service <<'UNIT'
# Written by dvm.
[Unit]
Description=What Lima calls this VM

[Service]
Type=oneshot
RemainAfterExit=yes
UMask=0077
ExecStart=/usr/local/libexec/dvm/own-service find
StandardOutput=truncate:/run/dvm-instance
UNIT
    dvm_write "/var/lib/dvm/own/$service" 0600 < <(printf 'unit %s\n' "${unit##*/}" && printf 'path %s\n' "$@")
    # shellcheck disable=SC2153  # from the environment
    dvm_unit "$service.d/dvm-own.conf" <<UNIT
# Written by dvm.
[Unit]
Wants=dvm-instance.service
After=dvm-instance.service

[Service]
ExecCondition=+/usr/local/libexec/dvm/own-service is dvm-$DVM_NAME
UNIT
}

# dvm_service NAME: has a service run now and at every start of the VM; restarts it when this unit changed something.
dvm_service() {
    if ! systemctl is-enabled -q "$1" 2>/dev/null; then systemctl enable -q "$1"; fi
    if [ "$dvm_changed" = 1 ] || ! systemctl is-active -q "$1"; then
        systemctl restart "$1"
        # Most of what cannot run ends at once.
        sleep 1
        if ! systemctl is-active -q "$1"; then
            journalctl --no-pager -q -n 15 -u "$1" >&2 || true
            dvm_fail "the service $1 does not stay up" "its last lines are above; all of them: dvm logs"
        fi
    fi
}

# dvm_no_service NAME…: stops services and keeps them from starting; those there are not count as stopped.
dvm_no_service() {
    local name
    for name; do
        if systemctl is-enabled -q "$name" 2>/dev/null || systemctl is-active -q "$name"; then
            systemctl disable -q --now "$name"
        fi
    done
}

# --- Packages of the distribution ------------------------------------------------------------------------------------

# dvm_name_package NAME | FEDORA/DEBIAN: sets dvm_package to what this distribution calls it; `-` where it has none.
dvm_name_package() {
    if dvm_on fedora; then dvm_package=${1%%/*}; else dvm_package=${1#*/}; fi
}

# dvm_has_package PACKAGE: whether it is installed, or with dnf something that provides it.
dvm_has_package() {
    dvm_name_package "$1"
    if dvm_on fedora; then
        rpm -q --quiet --whatprovides "$dvm_package" >/dev/null 2>&1
    else
        [ "$(dpkg-query -W -f '${Status}' "$dvm_package" 2>/dev/null)" = "install ok installed" ]
    fi
}

# dvm_can_have_package PACKAGE: whether the distribution has it.
dvm_can_have_package() {
    dvm_name_package "$1"
    if [ "$dvm_package" = - ]; then return 1; fi
    if dvm_has_package "$1"; then return 0; fi
    if dvm_on fedora; then
        [ -n "$("$(dvm_dnf)" -q repoquery --available --whatprovides="$dvm_package" 2>/dev/null)" ]
    else
        dvm_refresh_packages
        [[ $(apt-cache policy "$dvm_package") == *"  Candidate: "[^\(]* ]]
    fi
}

# dvm_packages PACKAGE…: installs those that are missing; with DVM_UPDATE=1 brings the others up to date.
dvm_packages() {
    dvm_need_root dvm_packages
    local package wanted=()
    for package; do
        dvm_name_package "$package"
        if [ "$dvm_package" = - ]; then continue; fi
        if [ "${DVM_UPDATE:-0}" = 1 ] || ! dvm_has_package "$package"; then wanted+=("$dvm_package"); fi
    done
    if [ "${#wanted[@]}" = 0 ]; then return 0; fi
    dvm_log "installing ${wanted[*]}"
    if ! dvm_install_packages "${wanted[@]}"; then
        dvm_fail "${wanted[*]} could not be installed" "the package manager's own words are above"
    fi
    dvm_changed=1
}

# dvm_packages_there_are PACKAGE…: the same for those that the distribution has.
dvm_packages_there_are() {
    local package known=()
    for package; do
        if dvm_can_have_package "$package"; then known+=("$package"); fi
    done
    if [ "${#known[@]}" != 0 ]; then dvm_packages "${known[@]}"; fi
}

dvm_install_packages() { # NAME…: what dvm_packages does when something is missing
    if dvm_on fedora; then
        dvm_patiently "$(dvm_dnf)" -y --setopt=install_weak_deps=False install "$@" || return
        if [ "${DVM_UPDATE:-0}" = 1 ]; then dvm_patiently "$(dvm_dnf)" -y upgrade "$@" || return; fi
        return 0
    fi
    dvm_refresh_packages
    local repairs=0 fresh=0
    until dvm_patiently dvm_apt_install "$@"; do
        repairs=$((repairs + 1))
        if [ "$repairs" = 3 ]; then return 1; fi
        if grep -qF 'dpkg --configure -a' "$dvm_said"; then
            dvm_log "finishing an installation that was interrupted"
            dvm_patiently dpkg --force-confdef --force-confold --configure -a || return 1
        elif grep -qF -e '--fix-broken' "$dvm_said"; then
            dvm_patiently apt-get -q -y --no-install-recommends --fix-broken install || return 1
        elif [ "$fresh" = 0 ] && grep -qE "$dvm_stale" "$dvm_said"; then
            # Lists of this morning can name what the mirror replaced since.
            fresh=1
            dvm_refresh_packages now
        else
            return 1
        fi
    done
}
dvm_stale='Unable to locate package|no installation candidate|404 +Not Found'

dvm_apt_install() {
    # Services of Ubuntu's are restarted without asking; files that people changed stay theirs.
    NEEDRESTART_MODE=a DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install "$@"
}

dvm_dnf() { if dvm_has dnf5; then echo dnf5; else echo dnf; fi; }

# dvm_refresh_packages [now]: reads apt's lists at most once a day and start of the VM, or in any case.
dvm_refresh_packages() {
    local stamp=/run/dvm/package-lists
    if dvm_on fedora; then return 0; fi
    if [ "${1:-}" != now ] && [ -n "$(find "$stamp" -mmin -1440 2>/dev/null)" ]; then return 0; fi
    if dvm_patiently apt-get -q -o APT::Update::Error-Mode=any update; then
        mkdir -p "${stamp%/*}"
        : >"$stamp"
    elif [ "${1:-}" = now ]; then
        dvm_fail "the package lists could not be read" "apt's own words are above; is the VM online?"
    else
        # One source of somebody's that is down must not keep every recipe from working.
        dvm_warn "not every package list could be read; going on with those there are"
    fi
}

# Runs a package manager. What it says stays in the file dvm_said. Waits while another one works, for five minutes; tries
# anew after a fault of a mirror, twice; ends the unit when the disk is full. Otherwise its status is the answer.
dvm_patiently() {
    local status waited=0 faults=0
    while :; do
        status=0
        dvm_listen "$@" || status=$?
        if [ "$status" = 0 ]; then return 0; fi
        if grep -qE "$dvm_locked" "$dvm_said"; then
            if [ "$waited" -ge 300 ]; then
                dvm_fail "another package manager has been at work in the VM for five minutes" \
                    "let it finish or end it (ps ax | grep -E 'apt|dpkg|dnf'), then run dvm sync again"
            fi
            if [ "$waited" = 0 ]; then dvm_log "waiting for another package manager to finish"; fi
            sleep 5
            waited=$((waited + 5))
        elif grep -qE "$dvm_full" "$dvm_said" || dvm_disk_is_full; then
            dvm_fail "the VM's disk is full" "$dvm_room"
        elif [ "$faults" -lt 2 ] && grep -qE "$dvm_fault" "$dvm_said"; then
            faults=$((faults + 1))
            dvm_warn "a mirror did not answer as it should; trying again in $((faults * 10)) s"
            sleep "$((faults * 10))"
        else
            return "$status"
        fi
    done
}
dvm_locked='Could not get lock|Unable to (acquire|lock)|is another process using it|rpm transaction lock|'
dvm_locked+='Another (transaction|app|process) (is|has)'
dvm_fault='Temporary failure|Could not (resolve|connect)|Connection (timed out|reset|refused|failed)|Hash Sum mismatch|'
dvm_fault+='unexpected size|5[0-9][0-9] +[A-Z]|Curl error|No more mirrors|Status code: 5|Failed to download|timed out'
# In the words of the system, apt, rpm, dnf and curl.
dvm_full='No space left on device|have enough free space in|more (space|inodes) on the .* filesystem|'
dvm_full+='more space needed on the|Disk quota exceeded|Failed writing received data to disk'

# dvm_listen COMMAND…: runs it with nothing on standard input; what it says stays in the file dvm_said.
dvm_listen() {
    if [ -z "${dvm_said:-}" ]; then
        dvm_scratch
        dvm_said=$dvm_new/said
    fi
    "$@" </dev/null 2>&1 | tee "$dvm_said"
}

# --- Package repositories of vendors ---------------------------------------------------------------------------------

# dvm_repository_key NAME URL FINGERPRINT…: fetches a repository's key into dvm_key. Every key in it must be one of these:
# whoever can change the download could otherwise sign packages that root installs.
dvm_repository_key() {
    local name=$1 url=$2 there fresh
    shift 2
    if dvm_on fedora; then dvm_key=/etc/pki/rpm-gpg/dvm-$name; else dvm_key=/etc/apt/keyrings/dvm-$name; fi
    dvm_packages gnupg2/gpg curl ca-certificates
    for there in "$dvm_key.asc" "$dvm_key.gpg"; do
        if [ -f "$there" ] && dvm_check_key "$there" "$@" >/dev/null 2>&1; then
            dvm_key=$there
            return 0
        fi
    done
    dvm_scratch
    fresh=$dvm_new/key
    dvm_curl "$url" "$fresh" || dvm_download_failed "$url" "$?"
    dvm_check_key "$fresh" "$@" \
        || dvm_fail "the key at $url is not the one this recipe knows, so nothing is installed from there" \
            "a vendor may have a new one: compare the fingerprints above with what it publishes"
    # apt and rpm tell the two forms by this line; apt also by the name.
    if grep -q '^-----BEGIN PGP PUBLIC KEY BLOCK-----' "$fresh"; then dvm_key+=.asc; else dvm_key+=.gpg; fi
    dvm_write "$dvm_key" <"$fresh"
}

# dvm_check_key FILE FINGERPRINT…: whether the file has keys, and only these.
dvm_check_key() {
    local file=$1 print any=
    shift
    dvm_scratch
    for print in $(GNUPGHOME=$dvm_new gpg --batch --quiet --show-keys --with-colons "$file" 2>/dev/null \
        | awk -F: '$1 == "pub" { wanted = 1 } $1 == "fpr" && wanted { print $10; wanted = 0 }'); do
        any=1
        case " $* " in
            *" $print "*) ;;
            *) dvm_warn "found the key $print, not one of: $*"; return 1 ;;
        esac
    done
    [ -n "$any" ]
}

# dvm_apt_repository NAME URI SUITE COMPONENT…: a repository signed with dvm_key.
dvm_apt_repository() {
    local name=$1 uri=$2 suite=$3 architecture=amd64
    shift 3
    dvm_know_arch
    if [ "$dvm_arch" = aarch64 ]; then architecture=arm64; fi
    dvm_write "/etc/apt/sources.list.d/dvm-$name.sources" <<TEXT
# Written by dvm.
Types: deb
URIs: $uri
Suites: $suite
Components: $*
Architectures: $architecture
Signed-By: $dvm_key
TEXT
    if [ "$dvm_wrote" = 1 ]; then dvm_refresh_packages now; fi
}

# dvm_dnf_repository NAME URL: a repository whose packages are signed with dvm_key.
dvm_dnf_repository() {
    dvm_write "/etc/yum.repos.d/dvm-$1.repo" <<TEXT
# Written by dvm.
[dvm-$1]
name=$1
baseurl=$2
enabled=1
gpgcheck=1
gpgkey=file://$dvm_key
TEXT
}

# --- Downloads -------------------------------------------------------------------------------------------------------

# dvm_curl URL FILE [OPTION…]: over TLS only, from the first address to the last; the answer is curl's status.
dvm_curl() {
    local url=$1 file=$2
    shift 2
    curl --silent --show-error --fail --location --proto =https --proto-redir =https --tlsv1.2 --max-redirs 10 \
        --connect-timeout 20 --speed-limit 1000 --speed-time 60 --retry 3 --retry-delay 2 \
        --output "$file" "$@" -- "$url"
}

dvm_download_failed() { # URL STATUS [CODE]: says what curl's status and the server's answer mean
    case $2.${3:-} in
        22.5*) dvm_fail "the server of $1 is out of order (HTTP status $3)" "run dvm sync again later" ;;
        22.401 | 22.403) dvm_fail "the server does not hand out $1 (HTTP status $3)" "is the address right?" ;;
    esac
    case $2 in
        6 | 7 | 28) dvm_fail "$1 cannot be reached" "is the VM online? Then run dvm sync again" ;;
        22) dvm_fail "$1 is not there" "curl's own words are above; a newer version may have taken its place" ;;
        23)
            if dvm_disk_is_full; then dvm_fail "the VM's disk is full: the download of $1 has no room" "$dvm_room"; fi
            dvm_fail "the download of $1 cannot be written" "is the VM's disk full? Set a larger DVM_DISK"
            ;;
        18 | 56 | 92) dvm_fail "the download of $1 broke off" "run dvm sync again; it goes on where this ended" ;;
        35 | 60) dvm_fail "$1 does not prove to be that server" "does the VM lack a CA certificate of your network?" ;;
        137 | 143) dvm_fail "the download of $1 was killed" "was the VM out of memory? Then run dvm sync again" ;;
        *) dvm_fail "the download of $1 failed with curl's status $2" "curl's own words are above" ;;
    esac
}

# dvm_download URL SHA256 FILE: a file that has this digest or does not get its name. What an earlier try left is gone on
# with, and long ones say every ten seconds how far they are.
dvm_download() {
    local url=$1 digest=$2 file=$3 part=$3.part headers=$3.headers status code answer resumed had last now
    case $url in https://*) ;; *) dvm_fail "“$url” is not an https address" "recipes download over TLS only" ;; esac
    if ! dvm_is_digest "$digest"; then dvm_fail "“$digest” is not a SHA-256" "write its 64 hexadecimal digits"; fi
    if [ -f "$file" ] && dvm_matches "$file" "$digest"; then return 0; fi
    mkdir -p "${file%/*}"
    if [ "$(id -u)" = 0 ]; then dvm_packages curl ca-certificates; fi
    until [ -s "$part" ] && dvm_matches "$part" "$digest"; do
        resumed=0
        if [ -s "$part" ]; then resumed=1; fi
        had=$(stat -c %s "$part" 2>/dev/null || echo 0)
        last=$had
        dvm_log "downloading $url"
        # One line at the end, and meanwhile how far it is. Nothing here is killed: a shell in the background that is may
        # still run its parent's EXIT trap.
        exec {answer}< <(
            status=0
            code=$(dvm_curl "$url" "$part" --continue-at - --dump-header "$headers" --write-out '%{http_code}') || status=$?
            printf '%s %s\n' "${code:-000}" "$status"
        )
        status=
        while [ -z "$status" ]; do
            if read -r -t "$dvm_tell_every" -u "$answer" code status; then
                :
            elif [ "$?" -gt 128 ]; then
                now=$(stat -c %s "$part" 2>/dev/null || echo 0)
                dvm_log "$(dvm_how_far "$now" "$(dvm_download_size "$headers" "$had")" "$(((now - last) / dvm_tell_every))")"
                last=$now
            else
                dvm_download_failed "$url" 137
            fi
        done
        exec {answer}<&-
        rm -f "$headers"
        if [ "$status" = 0 ] && dvm_matches "$part" "$digest"; then break; fi
        # What was there is not the beginning of this file, or the server cannot go on in the middle (33, 36, 416).
        case $resumed.$status.$code in
            1.0.* | 1.33.* | 1.36.* | 1.22.416)
                rm -f "$part"
                continue
                ;;
        esac
        if [ "$status" != 0 ]; then dvm_download_failed "$url" "$status" "$code"; fi
        code=$(sha256sum "$part")
        rm -f "$part"
        dvm_fail "$url has the SHA-256 ${code%% *}, not $digest" \
            "it was not installed; has it been replaced, or was the digest set for another version?"
    done
    mv -T "$part" "$file"
    dvm_changed=1
}

# How often a long download says how far it is, in seconds.
dvm_tell_every=10

# dvm_download_size HEADERS BYTES: prints how large the whole file is, by the headers of the last answer, when so much of
# it was there before; nothing where the server does not say it.
dvm_download_size() {
    awk -v had="$2" '
        toupper($1) ~ /^HTTP\// { code = $2 + 0; size = "" }
        tolower($1) == "content-length:" && $2 ~ /^[0-9]+\r?$/ { size = $2 + 0 }
        END { if (size != "" && (code == 200 || code == 206)) printf "%.0f\n", code == 206 ? had + size : size }
    ' "$1" 2>/dev/null || true
}

# dvm_how_far BYTES TOTAL RATE: prints how far a download is, with what is left of it where the total is known. The rate
# is in bytes a second.
dvm_how_far() {
    local text="$(($1 / 1048576)) MiB" seconds
    if [ -z "$2" ]; then
        text+=" so far"
    else
        text+=" of $(($2 / 1048576)) MiB"
    fi
    if [ "$3" -gt 0 ]; then
        text+=", $(($3 / 1048576)).$(($3 % 1048576 * 10 / 1048576)) MiB/s"
        if [ -n "$2" ] && [ "$2" -gt "$1" ]; then
            seconds=$((($2 - $1) / $3))
            if [ "$seconds" -ge 60 ]; then text+=", $((seconds / 60)) min left"; else text+=", $seconds s left"; fi
        fi
    fi
    printf '%s\n' "$text"
}

# dvm_matches FILE SHA256
dvm_matches() { printf '%s  %s\n' "$2" "$1" | sha256sum --check --status 2>/dev/null; }

# dvm_is_digest TEXT
dvm_is_digest() { [[ $1 =~ ^[0-9a-f]{64}$ ]]; }

# --- Pinned programs of vendors --------------------------------------------------------------------------------------

# dvm_pin NAME VERSION SOURCE: which release a recipe installs. scripts/update-pins rewrites these lines.
#
# The source is github:OWNER/REPOSITORY@TAG, npm:PACKAGE or pypi:PACKAGE; VERSION in a tag or a file's name stands for
# the version.
# DVM_<NAME>_VERSION and DVM_<NAME>_SHA256 of a configuration take its place.
dvm_pin() {
    dvm_name=$1 dvm_version=$2 dvm_source=$3
    dvm_file='' dvm_digest=''
    dvm_switch=DVM_${1^^}
    dvm_switch=${dvm_switch//-/_}
    local version=${dvm_switch}_VERSION
    dvm_version=${!version:-$dvm_version}
    if ! [[ $dvm_version =~ ^[A-Za-z0-9][A-Za-z0-9._+-]*$ ]]; then
        dvm_fail "$version says “$dvm_version”" "write the version as the vendor does, such as $2"
    fi
}

# dvm_pin_file ARCHITECTURE SHA256 FILE [GLIBC]: its file for an architecture, or `any`; `-` where no digest is known. A
# file that needs a version of glibc is for VMs that have it; the others take the next line that fits.
dvm_pin_file() {
    dvm_know_arch
    if [ -n "$dvm_file" ] || { [ "$1" != any ] && [ "$1" != "$dvm_arch" ]; }; then return 0; fi
    if [ -n "${4:-}" ] && ! dvm_has_glibc "$4"; then return 0; fi
    local version=${dvm_switch}_VERSION digest=${dvm_switch}_SHA256
    dvm_file=${3//VERSION/$dvm_version}
    dvm_digest=$2
    if [ -n "${!version:-}" ] || [ "$2" = - ]; then dvm_digest=; fi
    dvm_digest=${!digest:-$dvm_digest}
    dvm_digest=${dvm_digest,,}
}

# Whether the configuration asks for a version or digest of its own.
dvm_pin_is_chosen() {
    local version=${dvm_switch}_VERSION digest=${dvm_switch}_SHA256
    [ -n "${!version:-}${!digest:-}" ]
}

# Prints where the pinned file is.
dvm_pin_url() {
    local repository tag
    case $dvm_source in
        github:*@*)
            repository=${dvm_source#github:}
            tag=${repository#*@}
            printf 'https://github.com/%s/releases/download/%s/%s\n' \
                "${repository%%@*}" "${tag//VERSION/$dvm_version}" "$dvm_file"
            ;;
        npm:*) printf 'https://registry.npmjs.org/%s/-/%s\n' "${dvm_source#npm:}" "$dvm_file" ;;
        pypi:*) printf '%s %s on PyPI\n' "${dvm_source#pypi:}" "$dvm_version" ;;
        *) dvm_fail "“$dvm_source” is no source of a pin" ;;
    esac
}

# Refuses a pin without a digest, saying how to get one.
dvm_pin_check() {
    if [ -z "$dvm_file" ]; then
        dvm_fail "there is no $dvm_name for $dvm_arch" "use a VM of another architecture, or leave it out"
    fi
    if [ -z "$dvm_digest" ]; then
        dvm_fail "no SHA-256 is known of $dvm_name $dvm_version for $dvm_arch" \
            "set ${dvm_switch}_SHA256 to that of $(dvm_pin_url) (another version: ${dvm_switch}_VERSION)"
    fi
    if ! dvm_is_digest "$dvm_digest"; then
        dvm_fail "${dvm_switch}_SHA256 says “$dvm_digest”" "write the 64 hexadecimal digits that sha256sum prints"
    fi
}

# dvm_fetch_pinned DIRECTORY: puts the pinned file, checked, into a directory; its path is in dvm_fetched.
dvm_fetch_pinned() {
    dvm_pin_check
    dvm_fetched=$1/$dvm_file
    case $dvm_source in
        pypi:*)
            dvm_packages python3 python3-pip
            dvm_log "downloading ${dvm_source#pypi:} $dvm_version from PyPI"
            printf '%s==%s --hash=sha256:%s\n' "${dvm_source#pypi:}" "$dvm_version" "$dvm_digest" >"$1/requirement"
            dvm_pip "${dvm_source#pypi:} $dvm_version" download --no-deps --only-binary=:all: \
                --require-hashes --dest "$1" --requirement "$1/requirement"
            # pip compared the digest, and found the wheel by it and not by the name.
            dvm_fetched=$(find "$1" -maxdepth 1 -name '*.whl')
            ;;
        *)
            dvm_download "$(dvm_pin_url)" "$dvm_digest" "/var/cache/dvm/downloads/$dvm_file"
            mv -T "/var/cache/dvm/downloads/$dvm_file" "$dvm_fetched"
            ;;
    esac
}

# dvm_pip WHAT VERB ARGUMENT…: has pip get something from PyPI, or says what kept it from that.
dvm_pip() {
    local what=$1 verb=$2 status=0
    shift 2
    dvm_scratch
    # Not /tmp for what is unpacked, which may be in memory.
    TMPDIR=$dvm_new dvm_listen python3 -m pip "$verb" --quiet --disable-pip-version-check "$@" || status=$?
    if [ "$status" = 0 ]; then return 0; fi
    # pip names the digests it compared; that a file is not there it says of one that cannot be reached, too.
    if grep -qF 'DO NOT MATCH THE HASHES' "$dvm_said"; then
        dvm_fail "what PyPI has as $what does not have the SHA-256 that is expected" \
            "it was not installed; has it been replaced, or was the digest set for another version?"
    elif grep -qE "$dvm_full" "$dvm_said" || dvm_disk_is_full; then
        dvm_fail "the VM's disk is full: $what has no room" "$dvm_room"
    elif grep -qE 'SSLError|CERTIFICATE_VERIFY_FAILED' "$dvm_said"; then
        dvm_fail "PyPI does not prove to be that server" "does the VM lack a CA certificate of your network (DVM_CA_CERTS)?"
    elif grep -qE "$dvm_unreached" "$dvm_said"; then
        dvm_fail "PyPI cannot be reached for $what" "is the VM online? Then run dvm sync again"
    elif grep -qF 'No matching distribution found' "$dvm_said"; then
        dvm_fail "PyPI has no $what for this VM" "pip's own words are above; a newer version may have taken its place"
    fi
    dvm_fail "$what could not be downloaded from PyPI" "pip's own words are above"
}
dvm_unreached='NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|Temporary failure in name|'
dvm_unreached+='Connection (refused|reset|broken|aborted)|Network is unreachable'

# dvm_unpack ARCHIVE DIRECTORY: by the archive's name; what is no archive is put there as it is.
dvm_unpack() {
    mkdir -p "$2"
    case $1 in
        *.tar.gz | *.tgz) tar -x -z -f "$1" --no-same-owner -C "$2" ;;
        *.tar.xz)
            dvm_packages xz/xz-utils
            tar -x -J -f "$1" --no-same-owner -C "$2"
            ;;
        *.zip | *.whl)
            dvm_packages unzip
            unzip -q -o "$1" -d "$2"
            ;;
        *) install -m 0755 "$1" "$2/$dvm_name" ;;
    esac
}

# dvm_find_program DIRECTORY NAME: prints the path of the one file of that name.
dvm_find_program() {
    local found
    found=$(find "$1" -type f -name "$2")
    if [ -z "$found" ] || [ "$(printf '%s\n' "$found" | wc -l)" != 1 ]; then
        dvm_fail "$dvm_file does not hold one file “$2”" "its vendor packs it differently now: use the pinned version"
    fi
    printf '%s\n' "$found"
}

# dvm_check_starts FILE…: refuses programs of the pinned file that this VM could not start, for want of a library or of a
# version of one. They are not run: the system's own loader looks at what they need.
dvm_check_starts() {
    local file loader=/lib64/ld-linux-x86-64.so.2 lack
    # A file may name libraries that audit its loading (DT_AUDIT), whose code the loader runs even to list what is needed:
    # nobody's code, with a right to nothing and none of root's variables.
    local -a nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all
        env -i LC_ALL=C timeout 10)
    if [ "$dvm_arch" = aarch64 ]; then loader=/lib/ld-linux-aarch64.so.1; fi
    if [ ! -x "$loader" ] || ! "${nobody[@]}" true 2>/dev/null; then return 0; fi
    for file; do
        # What is a script, or static, needs nothing.
        if ! "${nobody[@]}" "$loader" --verify "$file" >/dev/null 2>&1; then continue; fi
        # As ldd(1) does it. Of versions the newest first, then whole libraries.
        lack=$("${nobody[@]}" env LD_TRACE_LOADED_OBJECTS=1 "$loader" "$file" </dev/null 2>&1 | sed -n '
            /weak version/d
            s/ (required by.*//
            s/.*: \(version .* not found\)$/\1/p
            s/^[[:space:]]*\(.*\) => not found$/\1 not found/p' | sort -rV) || true
        if [ -n "$lack" ]; then
            dvm_fail "“${file##*/}” of $dvm_file cannot start in this VM: ${lack%%$'\n'*}" \
                "use a newer image (DVM_TEMPLATE), or another version: ${dvm_switch}_VERSION with ${dvm_switch}_SHA256"
        fi
    done
}

# Where is written down which file a program in /usr/local/bin came from.
dvm_pins=/usr/local/share/dvm/pins

# dvm_pin_is_there PROGRAM…: whether these programs of the pinned file are installed.
dvm_pin_is_there() {
    local program
    if [ "$(head -c 64 "$dvm_pins/$dvm_name.sha256" 2>/dev/null)" != "$dvm_digest" ]; then return 1; fi
    for program; do
        if [ ! -x "/usr/local/bin/$program" ]; then return 1; fi
    done
}

# Forgets which file was installed, before any of its programs is replaced: what is cut off then is neither version.
# That there is something of dvm's is still to be known, for when a package takes its place.
dvm_pin_forget() {
    mkdir -p "$dvm_pins"
    : >"$dvm_pins/$dvm_name.sha256"
}

# Writes down that the pinned file is installed now.
dvm_pin_note() {
    dvm_write "$dvm_pins/$dvm_name.sha256" <<<"$dvm_digest  $dvm_file"
    dvm_changed=1
}

# dvm_install_pinned PROGRAM…: puts programs of the pinned file into /usr/local/bin, root's.
dvm_install_pinned() {
    dvm_need_root dvm_install_pinned
    dvm_pin_check
    if dvm_pin_is_there "$@"; then return 0; fi
    local program unpacked found
    dvm_scratch
    unpacked=$dvm_new/unpacked
    dvm_fetch_pinned "$dvm_new"
    dvm_unpack "$dvm_fetched" "$unpacked"
    # For dvm_check_starts.
    chmod 0711 "$dvm_new"
    for program; do
        found=$(dvm_find_program "$unpacked" "$program")
        dvm_check_starts "$found"
    done
    mkdir -p /usr/local/bin
    dvm_pin_forget
    for program; do
        found=$(dvm_find_program "$unpacked" "$program")
        install -o root -g root -m 0755 "$found" "/usr/local/bin/.$program.dvm-new"
        mv -T "/usr/local/bin/.$program.dvm-new" "/usr/local/bin/$program"
    done
    dvm_pin_note
    dvm_log "installed $dvm_name $dvm_version in /usr/local/bin"
    rm -rf "$unpacked" "$dvm_fetched"
}

# dvm_install_pinned_tree PROGRAM…: the same for programs that need the files beside them, in /usr/local/lib/dvm/<name>.
dvm_install_pinned_tree() {
    dvm_need_root dvm_install_pinned_tree
    dvm_pin_check
    if dvm_pin_is_there "$@"; then return 0; fi
    local program new=/usr/local/lib/dvm/.$dvm_name.new place=/usr/local/lib/dvm/$dvm_name found
    dvm_scratch
    dvm_fetch_pinned "$dvm_new"
    rm -rf "$new"
    dvm_unpack "$dvm_fetched" "$new"
    chmod -R u+rwX,go+rX,go-w "$new"
    for program; do
        found=$(dvm_find_program "$new" "$program")
        chmod 0755 "$found"
        dvm_check_starts "$found"
    done
    dvm_pin_forget
    rm -rf "$place"
    mv -T "$new" "$place"
    for program; do dvm_link "$(dvm_find_program "$place" "$program")" "/usr/local/bin/$program"; done
    dvm_pin_note
    dvm_log "installed $dvm_name $dvm_version in $place"
    rm -f "$dvm_fetched"
}

# dvm_forget_pinned PROGRAM…: removes what dvm_install_pinned put there, when a package takes its place.
dvm_forget_pinned() {
    local program
    if [ ! -e "$dvm_pins/$dvm_name.sha256" ]; then return 0; fi
    for program; do dvm_remove "/usr/local/bin/$program"; done
    dvm_remove "/usr/local/lib/dvm/$dvm_name" "$dvm_pins/$dvm_name.sha256"
}

# dvm_package_or_pinned PACKAGE [--tree] PROGRAM…: the distribution's package where it has one and the configuration asks
# for no version, else the pinned file.
dvm_package_or_pinned() {
    local package=$1 install=dvm_install_pinned
    shift
    if [ "$1" = --tree ]; then
        install=dvm_install_pinned_tree
        shift
    fi
    if dvm_pin_is_chosen; then
        "$install" "$@"
    elif [ "${DVM_UPDATE:-0}" != 1 ] && [ -n "$dvm_digest" ] && dvm_pin_is_there "$@"; then
        return 0
    elif dvm_can_have_package "$package"; then
        dvm_packages "$package"
        dvm_forget_pinned "$@"
    elif [ -z "$dvm_digest" ] && dvm_has "$1"; then
        dvm_log "using the $1 that is there: $(command -v "$1")"
    else
        "$install" "$@"
    fi
}

# --- AI tools --------------------------------------------------------------------------------------------------------
# Root's, in /usr/local/libexec/dvm/tools/<tool>, where dvm looks for bin/<program>. A tool that could change its own
# program could stay; nothing that was downloaded is run here.

dvm_tools=/usr/local/libexec/dvm/tools

# dvm_tool_is_there TOOL DIGEST
dvm_tool_is_there() { [ "$(cat "$dvm_tools/$1/digest" 2>/dev/null)" = "$2" ]; }

# dvm_tool_new TOOL: makes a new directory for it in dvm_new, gone when the unit ends unless dvm_tool_put takes it.
dvm_tool_new() {
    dvm_need_root dvm_tool_new
    local left
    install -d -m 0755 "$dvm_tools"
    # A directory of an earlier dvm's, when the run that made it a link was cut off between the two.
    for left in "$dvm_tools/.$1".*.old; do
        if [ -d "$left" ] && [ ! -e "$dvm_tools/$1" ] && [ ! -L "$dvm_tools/$1" ]; then mv -T "$left" "$dvm_tools/$1"; fi
    done
    # What runs that were cut off have left.
    for left in "$dvm_tools/.$1".*; do
        if [ "${left##*/}" != "$(readlink "$dvm_tools/$1" || true)" ]; then rm -rf -- "$left"; fi
    done
    dvm_new=$(mktemp -d "$dvm_tools/.$1.XXXXXX")
    dvm_scratches+=("$dvm_new" "$dvm_new.link" "$dvm_new.old")
    trap 'rm -rf -- "${dvm_scratches[@]}"' EXIT
    chmod 0755 "$dvm_new"
    mkdir "$dvm_new/bin"
}

# dvm_tool_put TOOL DIGEST DIRECTORY: puts the directory in the place of the tool there was, which can be started until
# then: a link leads to the directory, and is replaced at once.
dvm_tool_put() {
    local new=$3 whole=$3.whole old
    chown -R root:root "$new"
    chmod -R u+rwX,go+rX,go-w "$new"
    printf '%s\n' "$2" >"$new/digest"
    # Whatever happens to the VM next, the link leads to what is on the disk.
    sync -f "$new" || true
    old=$(readlink "$dvm_tools/$1" || true)
    ln -s "${whole##*/}" "$new.link"
    mv -T "$new" "$whole"
    # An earlier dvm made a directory there, which no link can replace at once; dvm_tool_new takes it back.
    if [ -d "$dvm_tools/$1" ] && [ ! -L "$dvm_tools/$1" ]; then mv -T "$dvm_tools/$1" "$new.old"; fi
    mv -T "$new.link" "$dvm_tools/$1"
    rm -rf "$new.old"
    case $old in
        */*) ;; # somebody's own
        ".$1."?*) rm -rf "${dvm_tools:?}/$old" ;;
    esac
    dvm_changed=1
    dvm_log "installed $1 ${dvm_version:-} in $dvm_tools/$1"
}

# dvm_install_tool [--folder FOLDER] PROGRAM: the pinned file as the tool dvm_name. With a folder, the executables in it
# become bin/, and what they find relative to themselves stays where it is.
dvm_install_tool() {
    local folder='' program new unpacked
    if [ "$1" = --folder ]; then
        folder=$2
        shift 2
    fi
    program=$1
    dvm_pin_check
    if dvm_tool_is_there "$dvm_name" "$dvm_digest"; then return 0; fi
    dvm_tool_new "$dvm_name"
    new=$dvm_new
    unpacked=$new/.unpacked
    mkdir "$unpacked"
    dvm_fetch_pinned "$unpacked"
    if [ -n "$folder" ]; then
        dvm_packages python3
        dvm_take_folder "$dvm_fetched" "$folder" "$new"
        if [ ! -x "$new/bin/$program" ]; then
            dvm_fail "$dvm_file does not hold the program “$program”" "use the pinned version"
        fi
    else
        dvm_unpack "$dvm_fetched" "$unpacked/all"
        install -m 0755 "$(dvm_find_program "$unpacked/all" "$program")" "$new/bin/$program"
    fi
    dvm_check_starts "$new/bin/$program"
    rm -rf "$unpacked"
    dvm_tool_put "$dvm_name" "$dvm_digest" "$new"
}

# Takes a wheel's folder apart: executables directly in it go to bin/, other executables and descriptions (.json) keep
# their places. Python, because unzip loses track of which files are executable.
dvm_take_folder() { # WHEEL FOLDER DIRECTORY
    python3 -I - "$@" <<'PYTHON'
import os, shutil, sys, zipfile
wheel, folder, directory = zipfile.ZipFile(sys.argv[1]), sys.argv[2] + "/", sys.argv[3]
for entry in wheel.infolist():
    name, executable = entry.filename[len(folder):], (entry.external_attr >> 16) & 0o111
    if not entry.filename.startswith(folder) or entry.is_dir() or not (executable or name.endswith(".json")):
        continue
    path = os.path.join(directory, name if "/" in name or not executable else "bin/" + name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with wheel.open(entry) as source, open(path, "xb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    os.chmod(path, 0o755 if executable else 0o644)
PYTHON
}

# dvm_install_python_tool TOOL 'PROGRAM=MODULE:FUNCTION …' VERSION…: a tool in Python with all it needs, from the pinned
# requirements on standard input, for the first of these versions of Python that the VM has or can have. Every program
# of it is named that a person or another of them starts: what pip would have made of its entry points.
dvm_install_python_tool() {
    local tool=$1 programs=$2 program entry version python='' requirements digest new
    shift 2
    requirements=$(cat)
    for version; do
        if [ -x "/usr/bin/python$version" ]; then python=$version; break; fi
    done
    if [ -z "$python" ]; then
        for version; do
            # Fedora has several; elsewhere another one than the system's lacks half of its library.
            if dvm_on fedora && dvm_can_have_package "python$version"; then
                dvm_packages "python$version"
                python=$version
                break
            fi
        done
    fi
    if [ -z "$python" ]; then
        dvm_fail "$tool needs Python $(printf '%s, ' "$@" | sed 's/, $//; s/\(.*\), /\1 or /'), which this VM's distribution does not have" \
            "use an image that does (DVM_TEMPLATE); recipes/README.md lists them"
    fi
    digest=$(printf '%s\n' "$programs" "$requirements" | sha256sum)
    dvm_know_arch
    digest=${digest%% *}-$python-$dvm_arch
    if dvm_tool_is_there "$tool" "$digest"; then return 0; fi
    dvm_packages python3 python3-pip
    dvm_tool_new "$tool"
    new=$dvm_new
    printf '%s\n' "$requirements" >"$new/requirements.txt"
    dvm_log "downloading $tool for Python $python from PyPI"
    # Wheels only, each with its digest: nothing is built, so nothing is run. Platforms are named because pip may be that
    # of another Python.
    local platforms=() platform
    for platform in manylinux_2_34 manylinux_2_31 manylinux_2_28 manylinux_2_27 manylinux_2_17 manylinux2014 \
        manylinux_2_5 manylinux1; do
        platforms+=(--platform "${platform}_$dvm_arch")
    done
    dvm_pip "$tool and what it needs" install --root-user-action ignore --require-hashes --no-deps \
        --only-binary=:all: --no-compile --target "$new/lib" --implementation cp --python-version "$python" \
        "${platforms[@]}" --requirement "$new/requirements.txt"
    # What pip made of entry points names another Python.
    rm -rf "$new/lib/bin"
    for entry in $programs; do
        program=${entry%%=*} entry=${entry#*=}
        # -I: neither the project the tool is started in nor its variables add modules.
        cat >"$new/bin/$program" <<PYTHON
#!/usr/bin/python$python -I
import sys
sys.path.insert(1, "$dvm_tools/$tool/lib")
from ${entry%%:*} import ${entry#*:}
sys.exit(${entry#*:}())
PYTHON
        chmod 0755 "$new/bin/$program"
    done
    # Who runs it cannot write here, and would compile it every time.
    "/usr/bin/python$python" -I -m compileall -q -j 0 -s "$new" -p "$dvm_tools/$tool" "$new/lib" >/dev/null || true
    dvm_version=$(sed -n '1s/.*==\([^ ]*\).*/\1/p' "$new/requirements.txt")
    dvm_tool_put "$tool" "$digest" "$new"
}
