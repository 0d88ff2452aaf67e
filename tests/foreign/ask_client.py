"""Sends each line of standard input as a datagram, up to four times with growing waits, until the
echo of it comes from where it was sent.
Usage: ask_client.py HOST PORT
"""
import socket
import sys
import time

FIRST_WAIT, TRIES, ROOM = 0.2, 4, 65535


def ask(conn, request):
    """The echo of the request; anything else is passed over."""
    wait = FIRST_WAIT
    for _ in range(TRIES):
        conn.send(request)
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0:
            conn.settimeout(left)
            try:
                if conn.recv(ROOM) == request:
                    return
            except TimeoutError:
                pass
        wait *= 2
    sys.exit("no answer")


try:
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer.connect((sys.argv[1], int(sys.argv[2])))
    for line in sys.stdin.buffer:
        ask(peer, line.rstrip(b"\n"))
        print(line.decode().rstrip("\n"), flush=True)
except OSError as problem:
    sys.exit(f"{sys.argv[1]}: {problem}")
