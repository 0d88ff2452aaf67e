"""Sends each line of standard input, reads the echo of it before the next, and says what is wrong.
Usage: line_client.py HOST PORT
"""
import socket
import sys

try:
    conn = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1)
    replies = conn.makefile("rb")
    for line in sys.stdin.buffer:
        conn.sendall(line)
        reply = replies.readline(1 << 24)
        if reply != line:
            sys.exit(f"not the echo: {reply!r}")
        sys.stdout.buffer.write(reply)
        sys.stdout.flush()
    conn.shutdown(socket.SHUT_WR)
    if rest := replies.read(1 << 20):
        sys.exit(f"more than the echo: {rest!r}")
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error}")
