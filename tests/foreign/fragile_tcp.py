"""Echo over TCP that ends when a client resets, and cannot have its port back at once: it goes
without SO_REUSEADDR, and a connection that it has closed itself keeps the port for a minute.
Usage: fragile_tcp.py PORT
"""
import os
import socket
import sys
import threading

place = ("127.0.0.1", int(sys.argv[1]))


def echo(conn):
    try:
        while octets := conn.recv(65536):
            conn.sendall(octets)
    except OSError:
        os._exit(1)
    conn.close()


server = socket.socket()
server.bind(place)
server.listen(128)
own = socket.create_connection(place)
while True:  # others may have been faster than our own connection
    conn, peer = server.accept()
    if own and peer == own.getsockname():
        conn.close()
        own.recv(1)
        own.close()
        own = None
    else:
        threading.Thread(target=echo, args=(conn,), daemon=True).start()
