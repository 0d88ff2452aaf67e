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
server.accept()[0].close()
own.recv(1)
own.close()
while True:
    threading.Thread(target=echo, args=server.accept()[:1], daemon=True).start()
