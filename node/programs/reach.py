"""
reach.py 'tcp HOST PORT' 'ping HOST' ...: tries all of them at the same time, for some seconds, and prints one line for each:
`yes`, `no`, or `own` where it is this very machine, and its address. Exits with 0 if any was reached, with 7 if none was.
Nothing but Python's standard library; a ping needs root.
"""
import os
import socket
import struct
import sys
import threading
import time

SECONDS = 3
ECHO = {socket.AF_INET: (8, 0, socket.IPPROTO_ICMP), socket.AF_INET6: (128, 129, socket.IPPROTO_ICMPV6)}


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echoes(family, address):
    request, reply, protocol = ECHO[family]
    mark = os.urandom(8)
    packet = struct.pack("!BBH", request, 0, 0) + mark
    # Of ICMPv6 the kernel computes the checksum.
    packet = struct.pack("!BBH", request, 0, checksum(packet)) + mark
    with socket.socket(family, socket.SOCK_RAW, protocol) as raw:
        raw.connect(address)
        raw.send(packet)
        deadline = time.monotonic() + SECONDS
        while deadline > time.monotonic():
            raw.settimeout(max(0.01, deadline - time.monotonic()))
            answer = raw.recv(2048)
            if family == socket.AF_INET:
                answer = answer[(answer[0] & 15) * 4:]
            if answer[:1] == bytes((reply,)) and answer[4:12] == mark:
                return True
    return False


def try_one(kind, host, port=0):
    family, _, _, _, address = socket.getaddrinfo(host, int(port) or 9, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as way:
        # Sends nothing, and tells from which address it would.
        way.connect(address)
        if way.getsockname()[0] == address[0]:
            return "own", address[0]
    if kind == "tcp":
        socket.create_connection(address[:2], SECONDS).close()
        return "yes", address[0]
    return ("yes" if echoes(family, (address[0], 0) + address[2:]) else "no"), address[0]


def look(index, words, found):
    try:
        found[index] = try_one(*words)
    except PermissionError:
        found[index] = ("denied", words[1])
    except OSError:
        pass


contacts = [line.split() for line in sys.argv[1:]]
found = [("no", words[1]) for words in contacts]
threads = [threading.Thread(target=look, args=(i, words, found), daemon=True) for i, words in enumerate(contacts)]
for thread in threads:
    thread.start()
# A name server that does not answer takes longer than anybody here waits.
deadline = time.monotonic() + SECONDS + 1
for thread in threads:
    thread.join(max(0, deadline - time.monotonic()))
results = [result for result, _ in found]
for result, address in found:
    print(result, address)
sys.stdout.flush()
os._exit(0 if "yes" in results or "own" in results else 8 if "denied" in results else 7)
