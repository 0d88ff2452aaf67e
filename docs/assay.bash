# Completion of assay for bash.

# Files behind what is typed already. Readline completes what follows the last : or =, so only that
# is answered.
_assay_files() { # _assay_files WORD
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# Words; what they have in common with WORD up to its last : or = is cut off.
_assay_words() { # _assay_words WORD WORDS
    local known=${1%"${1##*[:=]}"} i
    mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
    for i in "${!COMPREPLY[@]}"; do
        COMPREPLY[i]=${COMPREPLY[i]#"$known"}
    done
}

_assay_value() { # _assay_value OPTION WORD; false where the option takes none
    case $1 in
    --only | --skip) _assay_words "$2" "$(assay list 2>/dev/null | awk '{print $2}')" ;;
    --level) _assay_words "$2" "must should robust note" ;;
    --report)
        case $2 in
        *=*) _assay_files "${2#*=}" ;;
        *) _assay_words "$2" "text json junit tap html markdown github gitlab sarif badge" ;;
        esac
        ;;
    --expect)
        _assay_words "$2" "at-most-once concurrent connections= durable idle-timeout= loop-guard max-amplification=
            max-datagram= max-string= remote-calls zero-datagram"
        ;;
    --speak)
        _assay_words "$2" "echo echo: line discard chargen daytime rpc rpc: http-get memcached-version
            redis-ping"
        [ "${#COMPREPLY[@]}" -gt 0 ] || _assay_files "$2"
        ;;
    --waive | --write-waivers | --evidence | --record | --data | --before) _assay_files "$2" ;;
    --schedule-file | --log | --stats) _assay_files "$2" ;;
    --fault) _assay_words "$2" "list $(assay serve "${words[2]:-echo}" --fault list 2>/dev/null | cut -f1)" ;;
    --jobs | --seed | --repeat | --patience | --spawn | --pid | --shard | --listen | --prefix) ;;
    --max-message | --max-count | --reply | --request-end | --shows) ;;
    --to | --schedule | --drop | --duplicate | --reorder | --corrupt | --truncate) ;;
    --delay | --cut | --coalesce | --rate) ;;
    --input) _assay_words "$2" "lines none" ;;
    --via) _assay_words "$2" "mem pair tcp udp" ;;
    --target) _assay_words "$2" "$(assay fuzz list 2>/dev/null | awk '{print $1}')" ;;
    --engines | --corpus) _assay_files "$2" ;;
    --floor) ;;
    *) return 1 ;;
    esac
}

_assay() {
    # COMP_WORDS is broken at : and =, so the line is taken apart at blanks.
    local line=${COMP_LINE:0:COMP_POINT} word words
    local options="--speak --only --skip --load --level --jobs --seed --repeat --strict --patience --spawn
        --ready --start-limit --budget --pid --expect --waive --write-waivers --shard --report
        --evidence --record --allow-remote
        --verbose --quiet --help"
    COMPREPLY=()
    word=${line##*[[:space:]]}
    read -ra words <<<"${line%"$word"}"
    if [ "${#words[@]}" = 1 ]; then
        _assay_words "$word" "check client gate list explain requirements report serve proxy fuzz replay --help
            --version"
        return
    fi
    case $word in
    --*=*) _assay_value "${word%%=*}" "${word#*=}" && return ;;
    *) _assay_value "${words[-1]}" "$word" && return ;;
    esac
    case ${words[1]}:$word in
    check:unix:* | check:unix-dgram:* | check:unix-seqpacket:* | check:rpc+unix:*)
        _assay_files "${word#*:}"
        ;;
    check:*) _assay_words "$word" "$options tcp:// udp:// unix: unix-dgram: unix-seqpacket: rpc+tcp://
        rpc+udp:// rpc+unix: rpc://" ;;
    client:-*) _assay_words "$word" "--listen --input --reply --request-end --shows --relay --speak
        --skip --level --jobs --seed --repeat --strict --patience --waive --write-waivers --report
        --evidence --verbose --quiet --help" ;;
    client:*) _assay_words "$word" "all $(assay list client 2>/dev/null | awk '{print $2}')" ;;
    serve:-*) _assay_words "$word" "--listen --prefix --fault --own --data --register --max-message
        --max-count" ;;
    serve:*) _assay_words "$word" "echo msgprog" ;;
    proxy:*) _assay_words "$word" "--listen --to --schedule --schedule-file --drop --duplicate --reorder
        --corrupt --truncate --delay --cut --coalesce --rate --seed --log --stats --help" ;;
    gate:-*) _assay_words "$word" "--only --dry-run --shard --seed --budget --repeat --strict --evidence
        --before --write-waivers --init --spawn --speak --report --verbose --quiet --help" ;;
    gate:*) _assay_files "$word" ;;
    report:-*) _assay_words "$word" "--report --before --verbose --quiet --help" ;;
    report:*)
        if [ "${#words[@]}" = 2 ]; then
            _assay_words "$word" "merge show --help"
        else
            _assay_files "$word"
        fi
        ;;
    fuzz:-*) _assay_words "$word" "--engines --corpus --floor --plain --only --quick --seeds
        --jobs --list --json --markdown --help" ;;
    fuzz:*)
        if [ "${#words[@]}" = 2 ]; then
            _assay_words "$word" "list doctor selftest seed --help"
        else
            _assay_words "$word" "$(assay fuzz list 2>/dev/null | awk '{print $1}')"
        fi
        ;;
    replay:-*) _assay_words "$word" "--target --via --patience --allow-remote --json --help" ;;
    replay:rpc+unix:*) _assay_files "${word#*:}" ;;
    replay:*) _assay_files "$word" ;;
    requirements:-*) _assay_words "$word" "--uncovered --json --help" ;;
    list:-*) _assay_words "$word" "--json --markdown --help" ;;
    list:* | explain:*) _assay_words "$word" "$(assay list 2>/dev/null | awk '{print $2}')" ;;
    esac
}
complete -F _assay assay
