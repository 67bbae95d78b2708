"""How much is saved by encoding a frame once for all sockets of a room, instead of once for each?

    python benchmarks/gateway_fanout.py [sockets] [rounds]

The gateway's own code on real socket pairs in one process; readers are drained between rounds, outside
the clock. It takes some seconds. Absolute numbers move with the machine: the ratio is the result.
"""

import resource
import sys
import time
from collections.abc import Callable

import gevent.socket
from gateway.frames import encode
from gateway.sockets import Bucket, Socket

ENTRY = {
    "type": "entry",
    "group_id": "01936f5e-0000-7000-8000-0000000000aa",
    "entry": {
        "seq": 58,
        "id": "01936f5e-0000-7000-8000-0000000000e1",
        "kind": "text",
        "sender_id": "01936f5e-0000-7000-8000-000000000001",
        "client_id": "6f2b0f0e-6a4c-4f0e-9d0b-3f0a4b8f5d11",
        "at": "2026-11-22T17:26:03.120Z",
        "text": "Good morning, here are the numbers of last week.",
    },
}
SECONDS = 12.0


def measure(
    sockets: list[Socket], readers: list[gevent.socket.socket], send: Callable[[], None], rounds: int
) -> float:
    """Microseconds of processor a frame."""
    spent = 0.0
    began = time.monotonic()
    done = 0
    for _ in range(rounds):
        start = time.process_time()
        send()
        spent += time.process_time() - start
        done += 1
        for reader in readers:
            reader.recv(65536)
        if time.monotonic() - began > SECONDS:
            break
    return spent / (done * len(sockets)) * 1e6


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    pairs = [gevent.socket.socketpair() for _ in range(count)]
    readers = [theirs for theirs, _ in pairs]
    sockets = [Socket(ours, 256 * 1024, 60, Bucket(20, 100)) for _, ours in pairs]
    for socket in sockets:
        socket.live = True

    def once() -> None:
        frame = encode(ENTRY)
        for socket in sockets:
            socket.offer(frame)

    def each() -> None:
        for socket in sockets:
            socket.offer(encode(ENTRY))

    results = {
        name: measure(sockets, readers, send, rounds) for name, send in (("once", once), ("each", each))
    }
    print(f"{count} sockets, a frame of {len(encode(ENTRY))} bytes")
    for name, cost in results.items():
        print(f"encoded {name}: {cost:6.2f} us of processor a frame")
    print(f"ratio each/once: {results['each'] / results['once']:.2f}")


if __name__ == "__main__":
    main()
