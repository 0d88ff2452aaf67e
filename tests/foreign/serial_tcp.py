"""A correct echo server over TCP that serves one client at a time: serial_tcp.py PORT."""
import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    client, _ = listener.accept()
    with client:
        try:
            while data := client.recv(4096):
                client.sendall(data)
        except ConnectionError:
            pass
