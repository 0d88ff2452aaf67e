"""MSGPROG over a C library's own RPC server code, called through ctypes: the RPC of others without
a line of C. Usage: sunrpc.py glibc|gssrpc tcp|udp PORT

glibc   the RPC that the C library of Debian still carries for old programs (4.0 of Sun, 1988)
gssrpc  the RPC of MIT Kerberos, as in kadmind (another branch of the same root)
"""
import ctypes
import signal
import socket
import sys

PROGRAM, VERSION = 345678, 2
LIBRARIES = {
    # name: the file, what stands before its names, the C type of a program's number
    "glibc": ("libc.so.6", "", ctypes.c_ulong),
    "gssrpc": ("libgssrpc.so.4", "gssrpc_", ctypes.c_uint32),
}

kind, transport, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
path, prefix, number = LIBRARIES[kind]
library = ctypes.CDLL(path)


class Operations(ctypes.Structure):
    names = ("recv", "stat", "getargs", "reply", "freeargs", "destroy")
    _fields_ = [(name, ctypes.c_void_p) for name in names]


class Transport(ctypes.Structure):
    _fields_ = [("sock", ctypes.c_int), ("port", ctypes.c_ushort),
                ("ops", ctypes.POINTER(Operations))]


class Request(ctypes.Structure):
    _fields_ = [("prog", number), ("vers", number), ("proc", number)]


def address_of(name):
    """Of a function; the C library's old ones are found by their version alone."""
    if not prefix:
        find = library.dlvsym
        find.restype = ctypes.c_void_p
        return ctypes.c_void_p(find(None, name.encode(), b"GLIBC_2.2.5"))
    return ctypes.cast(library[prefix + name], ctypes.c_void_p)


def function(name, result, *arguments):
    return ctypes.CFUNCTYPE(result, *arguments)(address_of(name).value)


handle = ctypes.POINTER(Transport)
dispatcher = ctypes.CFUNCTYPE(None, ctypes.POINTER(Request), handle)
takes_args = ctypes.CFUNCTYPE(ctypes.c_int, handle, ctypes.c_void_p, ctypes.c_void_p)
reply = function("svc_sendreply", ctypes.c_int, handle, ctypes.c_void_p, ctypes.c_void_p)
no_procedure = function("svcerr_noproc", None, handle)
garbage = function("svcerr_decode", None, handle)
xdr_void, xdr_int = address_of("xdr_void"), address_of("xdr_int")
xdr_text = address_of("xdr_wrapstring")
texts = []


def save(at):
    text = ctypes.c_char_p()
    ops = at.contents.ops.contents
    if not takes_args(ops.getargs)(at, xdr_text, ctypes.addressof(text)):
        garbage(at)
    else:
        texts.append(text.value)
        stored = ctypes.c_int(len(texts))
        reply(at, xdr_int, ctypes.addressof(stored))
    takes_args(ops.freeargs)(at, xdr_text, ctypes.addressof(text))


def read(at):
    wanted = ctypes.c_int()
    if not takes_args(at.contents.ops.contents.getargs)(at, xdr_int, ctypes.addressof(wanted)):
        garbage(at)
        return
    text = ctypes.c_char_p(texts[wanted.value - 1] if 0 < wanted.value <= len(texts) else b"")
    reply(at, xdr_text, ctypes.addressof(text))


@dispatcher
def dispatch(request, at):
    procedures = {0: lambda at: reply(at, xdr_void, None), 1: save, 2: read}
    procedures.get(request.contents.proc, no_procedure)(at)


def listener():
    stream = transport == "tcp"
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
    if stream:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    if stream:
        s.listen(128)
    return s


signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
place = listener()
if transport == "tcp":
    server = function("svctcp_create", handle, ctypes.c_int, ctypes.c_uint, ctypes.c_uint)(
        place.fileno(), 0, 0)
else:
    server = function("svcudp_create", handle, ctypes.c_int)(place.fileno())
register = function("svc_register", ctypes.c_int, handle, number, number, ctypes.c_void_p,
                    ctypes.c_int)
if not server or not register(server, PROGRAM, VERSION, ctypes.cast(dispatch, ctypes.c_void_p), 0):
    sys.exit("the library makes no server")
function("svc_run", None)()
