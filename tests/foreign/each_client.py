"""Sends each line of standard input over a connection of its own. Trouble is status 255, as with
Perl's die().
Usage: each_client.py HOST PORT
"""
import socket
import sys
import threading


def ask(place, request):
    """The echo of the request, or an exception."""
    with socket.create_connection(place, timeout=2) as conn:
        # A thread of its own: the echo of a long line comes while it is being sent.
        threading.Thread(target=send, args=(conn, request), daemon=True).start()
        if conn.makefile("rb").read(len(request) + 1) != request:
            raise OSError("not the echo")


def send(conn, request):
    """All of the request; what goes wrong shows in the reply."""
    try:
        conn.sendall(request)
        conn.shutdown(socket.SHUT_WR)
    except OSError:
        pass


try:
    for line in sys.stdin.buffer:
        ask((sys.argv[1], int(sys.argv[2])), line)
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
except OSError as problem:
    print(f"{sys.argv[1]}: {problem}", file=sys.stderr)
    sys.exit(-1)
