"""The datagram client of many a tutorial: a buffer that is sent whole, no time-out, any source,
any octets.
Usage: naive_client.py HOST PORT
"""
import socket
import sys

SIZE = 400
place = (sys.argv[1], int(sys.argv[2]))
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
buffer = bytearray(SIZE)
for line in sys.stdin.buffer:
    text = line.rstrip(b"\n")
    buffer[: len(text)] = text
    peer.sendto(buffer, place)
    reply, _ = peer.recvfrom(SIZE)
    print(reply.decode("latin1"), flush=True)
