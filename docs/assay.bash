# Completion of assay for bash.
_assay() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local options="--speak --only --skip --level --jobs --seed --repeat --strict --patience --spawn
        --pid --expect --waive --write-waivers --shard --report --evidence --record --allow-remote
        --verbose --quiet --help"
    local ids
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "check list explain serve --help --version" -- "$word")
        return
    fi
    case $before in
    --only | --skip | explain | list)
        ids=$(assay list 2>/dev/null | awk '{print $2}')
        mapfile -t COMPREPLY < <(compgen -W "$ids" -- "$word")
        return
        ;;
    --level) mapfile -t COMPREPLY < <(compgen -W "must should robust note" -- "$word") && return ;;
    --report) mapfile -t COMPREPLY < <(compgen -W "text json junit tap" -- "$word") && return ;;
    --expect)
        mapfile -t COMPREPLY < <(compgen -W "concurrent connections= idle-timeout= loop-guard
            max-amplification= max-datagram= zero-datagram" -- "$word")
        return
        ;;
    --speak)
        mapfile -t COMPREPLY < <(compgen -W "echo echo: line discard chargen daytime rpc rpc:" -- "$word"
            compgen -f -- "$word")
        return
        ;;
    --waive | --write-waivers | --evidence | --record)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    serve) mapfile -t COMPREPLY < <(compgen -W "echo msgprog" -- "$word") && return ;;
    --fault)
        ids=$(assay serve echo --fault list 2>/dev/null | cut -f1)
        mapfile -t COMPREPLY < <(compgen -W "list $ids" -- "$word")
        return
        ;;
    esac
    case ${COMP_WORDS[1]} in
    check) mapfile -t COMPREPLY < <(compgen -W "$options tcp:// udp:// unix: unix-dgram: unix-seqpacket:
        rpc+tcp:// rpc+udp:// rpc+unix: rpc://" -- "$word") ;;
    serve) mapfile -t COMPREPLY < <(compgen -W "--listen --prefix --fault --own --data --register --max-message
        --max-count" -- "$word") ;;
    list) mapfile -t COMPREPLY < <(compgen -W "--json --markdown" -- "$word") ;;
    esac
}
complete -F _assay assay
