"""A client of MSGPROG: rpc_client.py HOST PORT tcp|udp [naive|ahead]. Stores each line of its standard
input and prints its number.

naive  as they are written in an afternoon: one recv() of its usual length is the reply, and its last
       word the number
ahead  makes all calls at once, and prints all numbers or none; for tcp
"""
import random
import socket
import struct
import sys
import time

PROGRAM, VERSION, SAVEMSG = 345678, 2, 1
CALL, REPLY = 0, 1
TIMEOUT, RETRY = 1.5, 0.3
LAST = 1 << 31
LARGEST = 65536
host, port, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
naive = "naive" in sys.argv


class Failed(Exception):
    """There is no answer."""


def words(*numbers):
    return struct.pack(f">{len(numbers)}I", *numbers)


class Stream:
    def __init__(self):
        self.socket = socket.create_connection((host, port), TIMEOUT)
        self.octets = b""

    def send(self, message):
        self.socket.sendall(words(LAST | len(message)) + message)

    def take(self, count, end):
        while len(self.octets) < count:
            self.socket.settimeout(max(end - time.monotonic(), 0.001))
            more = self.socket.recv(4096)
            if not more:
                raise Failed("the server has closed the connection")
            self.octets += more
        taken, self.octets = self.octets[:count], self.octets[count:]
        return taken

    def receive(self, end):
        message, last = b"", False
        while not last:
            (mark,) = struct.unpack(">I", self.take(4, end))
            last, size = mark & LAST, mark & ~LAST
            if len(message) + size > LARGEST or time.monotonic() > end:
                raise Failed("a record too long")
            message += self.take(size, end)
        return message


class Datagrams:
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, port))
        self.message, self.pause, self.again = b"", RETRY, 0.0

    def send(self, message):
        self.socket.send(message)
        self.message, self.pause, self.again = message, RETRY, time.monotonic() + RETRY

    def receive(self, end):
        while True:
            now = time.monotonic()
            if now >= end:
                raise Failed("timed out")
            self.socket.settimeout(max(min(end, self.again) - now, 0.001))
            try:
                return self.socket.recv(LARGEST)
            except socket.timeout:
                self.socket.send(self.message)
                self.pause *= 2
                self.again = time.monotonic() + self.pause


def number_of(reply):
    """The result of an accepted call, strictly."""
    try:
        _, _, denied, _, size = struct.unpack(">5I", reply[:20])
        if denied:
            raise Failed("denied" if denied == 1 else "neither accepted nor denied")
        at = 20 + size + -size % 4
        if size > 400:
            raise Failed("a verifier too long")
        (stat,) = struct.unpack(">I", reply[at:at + 4])
        if stat:
            raise Failed(f"accept_stat {stat}")
        return struct.unpack(">i", reply[at + 4:at + 8])[0]
    except struct.error:
        raise Failed("a reply that ends too soon") from None


def send_call(wire, text, xid):
    wire.send(words(xid, CALL, 2, PROGRAM, VERSION, SAVEMSG, 0, 0, 0, 0, len(text)) + text +
              bytes(-len(text) % 4))


def call(wire, text, xid):
    send_call(wire, text, xid)
    end = time.monotonic() + TIMEOUT
    if naive:
        wire.socket.settimeout(None)
        return struct.unpack(">i", wire.socket.recv(32)[-4:])[0]
    while True:
        reply = wire.receive(end)
        if reply[:8] == words(xid, REPLY):
            return number_of(reply)


def call_ahead(wire, texts, first):
    """The numbers, in order, whatever order the replies have."""
    for xid, text in enumerate(texts, first):
        send_call(wire, text, xid)
    numbers, end = {}, time.monotonic() + TIMEOUT
    while len(numbers) < len(texts):
        reply = wire.receive(end)
        xid, kind_of = struct.unpack(">2I", reply[:8]) if len(reply) >= 8 else (0, CALL)
        if kind_of == REPLY and first <= xid < first + len(texts):
            numbers[xid] = number_of(reply)
    return [numbers[xid] for xid in sorted(numbers)]


def main():
    wire = Stream() if kind == "tcp" else Datagrams()
    first = random.randrange(1 << 30)
    if "ahead" in sys.argv:
        print(*call_ahead(wire, [line.rstrip("\n").encode() for line in sys.stdin], first))
        return
    for xid, line in enumerate(sys.stdin, first):
        print(call(wire, line.rstrip("\n").encode(), xid), flush=True)


try:
    main()
except (Failed, OSError) as why:
    sys.exit(f"rpc_client.py: {why}")
