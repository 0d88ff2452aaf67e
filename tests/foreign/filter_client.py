"""Takes all of standard input, then asks for the echo of it, and shows that at the end. What comes
beyond it is passed over, and is an error when the server ends, or after two seconds. It stands for
the runtimes that take much memory for themselves.
Usage: filter_client.py HOST PORT
"""
import socket
import sys
import threading
import time

BALLAST = b"x" * (60 << 20)


def send(conn, octets):
    """All of the octets, and the end; what goes wrong shows in the reply."""
    try:
        conn.sendall(octets)
        conn.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def ask(place, request):
    """The echo of the request, or an exception."""
    reply, surplus = bytearray(), 0
    deadline = time.monotonic() + 2
    with socket.create_connection(place, timeout=2) as conn:
        threading.Thread(target=send, args=(conn, request), daemon=True).start()
        while part := conn.recv(1 << 16):
            room = len(request) - len(reply)
            reply += part[:room]
            surplus += len(part[room:])
            if surplus and time.monotonic() > deadline:
                break
    if reply != request or surplus:
        raise OSError(f"not the echo, or {surplus} octets more")


lines = sys.stdin.buffer.read()
try:
    ask((sys.argv[1], int(sys.argv[2])), lines)
    sys.stdout.buffer.write(lines)
except OSError as problem:
    sys.exit(f"{sys.argv[1]}: {problem}")
