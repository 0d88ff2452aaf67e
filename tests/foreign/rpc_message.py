"""A correct MSGPROG server over TCP: rpc_message.py PORT [one] [each] [sys] [any] [small].

one    serves one client at a time
each   has a thread for each call, so that replies come in any order
sys    carries out nothing but NULL without AUTH_SYS
any    looks at no credential
small  ends a connection whose record has more than 4096 octets
"""
import socket
import struct
import sys
import threading

PROGRAM, VERSION = 345678, 2
SUCCESS, PROG_UNAVAIL, PROG_MISMATCH, PROC_UNAVAIL, GARBAGE_ARGS = range(5)
BADCRED, REJECTEDCRED, BADVERF, TOOWEAK = 1, 2, 3, 5
ways = set(sys.argv[2:])
largest = 4096 if "small" in ways else 1 << 21
texts = []
lock = threading.Lock()


class Short(Exception):
    """The octets end too soon."""


class Reader:
    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def take(self, count):
        if count > len(self.octets) - self.at:
            raise Short
        self.at += count
        return self.octets[self.at - count:self.at]

    def word(self):
        return struct.unpack(">I", self.take(4))[0]

    def opaque(self, limit):
        count = self.word()
        if count > limit:
            raise Short
        octets = self.take(count)
        self.take(-count % 4)
        return octets


def words(*numbers):
    return struct.pack(f">{len(numbers)}I", *numbers)


def sound_sys(body):
    reader = Reader(body)
    try:
        reader.word()
        reader.opaque(255)
        reader.take(8)
        count = reader.word()
        reader.take(4 * count)
        return count <= 16
    except Short:
        return False


def denial(flavor, body, procedure):
    if "any" in ways:
        return None
    if flavor == 1:
        return None if sound_sys(body) else BADCRED
    if flavor != 0:
        return REJECTEDCRED
    return TOOWEAK if "sys" in ways and procedure != 0 else None


def carry_out(procedure, reader):
    try:
        if procedure == 1:
            text = reader.opaque(len(reader.octets))
            with lock:
                texts.append(text)
                return words(SUCCESS, len(texts))
        if procedure == 2:
            number = reader.word()
            text = texts[number - 1] if 1 <= number <= len(texts) else b""
            return words(SUCCESS, len(text)) + text + bytes(-len(text) % 4)
    except Short:
        return words(GARBAGE_ARGS)
    return words(SUCCESS if procedure == 0 else PROC_UNAVAIL)


def answer(record):
    """The reply, or None for what is no call."""
    reader = Reader(record)
    try:
        xid, kind = reader.word(), reader.word()
        if kind != 0:
            return None
        if reader.word() != 2:
            return words(xid, 1, 1, 0, 2, 2)
        program, version, procedure, flavor = (reader.word() for _ in range(4))
        length = reader.word()
        if length > 400:
            return words(xid, 1, 1, 1, BADCRED)
        body = reader.take(length)
        reader.take(-length % 4)
        reader.word()
        length = reader.word()
        if length > 400:
            return words(xid, 1, 1, 1, BADVERF)
        reader.take(length + -length % 4)
    except Short:
        return None
    why = denial(flavor, body, procedure)
    if why:
        return words(xid, 1, 1, 1, why)
    accepted = words(xid, 1, 0, 0, 0)
    if program != PROGRAM:
        return accepted + words(PROG_UNAVAIL)
    if version != VERSION:
        return accepted + words(PROG_MISMATCH, VERSION, VERSION)
    return accepted + carry_out(procedure, reader)


def next_record(stream):
    record = b""
    while True:
        mark = stream.read(4)
        if len(mark) < 4:
            return None
        length = struct.unpack(">I", mark)[0]
        if len(record) + (length & 0x7FFFFFFF) > largest:
            return None
        record += stream.read(length & 0x7FFFFFFF)
        if length & 0x80000000:
            return record


def send_reply(client, whole, record):
    reply = answer(record)
    if reply:
        with whole:
            client.sendall(words(0x80000000 | len(reply)) + reply)


def serve(client):
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    whole, callers = threading.Lock(), []
    try:
        with client, client.makefile("rb") as stream:
            while (record := next_record(stream)) is not None:
                if "each" in ways:
                    callers = [c for c in callers if c.is_alive()]
                    callers.append(threading.Thread(
                        target=send_reply, args=(client, whole, record), daemon=True))
                    callers[-1].start()
                else:
                    send_reply(client, whole, record)
            for caller in callers:
                caller.join()
    except OSError:
        pass


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=512)
while True:
    connection, _ = listener.accept()
    if "one" in ways:
        serve(connection)
    else:
        threading.Thread(target=serve, args=(connection,), daemon=True).start()
