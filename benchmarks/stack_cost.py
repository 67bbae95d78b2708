"""What Bchat costs as a whole: processor and memory of each process for a message, and for an open socket.

    python benchmarks/stack_cost.py [messages] [members]

Starts a stack of one process of each kind with servers of its own (a minute), lets the members of one room
send in turn over sockets, and reads what each process used from /proc; the client is not counted. The numbers
of docs/operations.md are from here. They move with the machine and its neighbours: processor time less than
time.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from websockets.asyncio.client import ClientConnection, connect

sys.path.insert(0, str(Path(__file__).parents[1] / "deploy" / "local"))

from processes import memory, used
from stack import Stack

MESSAGES, MEMBERS, IDLE = 1000, 50, 200
AT_ONCE = 20


def pids(stack: Stack) -> dict[str, int]:
    return {name: stack.pid(name) for name in stack.names}


class Api:
    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = f"{url}/api/v1"
        self.token = ""
        self.token = self.post("/auth/login", username=username, password=password)["access_token"]

    def post(self, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = requests.post(self.url + path, json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def hello(self) -> ClientConnection:
        socket = await connect(
            f"{self.url.replace('http', 'ws')}/ws", subprotocols=["bchat.v1"], compression=None
        )  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "hello", "token": self.token, "device_id": str(uuid4())}))
        while json.loads(await socket.recv())["type"] != "welcome":
            pass
        return socket


async def talk(sockets: list[ClientConnection], group_id: str, messages: int) -> None:
    """Each sends in turn, so many under way at once, until everyone has every entry."""
    places, left = asyncio.Semaphore(AT_ONCE), [messages] * len(sockets)

    async def hear(number: int, socket: ClientConnection) -> None:
        while left[number] > 0:
            frame = json.loads(await socket.recv())
            if frame["type"] == "ack":
                places.release()
            elif frame["type"] == "entry":
                left[number] -= 1
            elif frame["type"] == "entries":
                left[number] -= len(frame["entries"])

    async def say() -> None:
        for number in range(messages):
            await places.acquire()
            frame = {"type": "send", "ref": number, "group_id": group_id, "client_id": str(uuid4())}
            await sockets[number % len(sockets)].send(
                json.dumps({**frame, "text": "As long as most of what is said."})
            )

    await asyncio.gather(say(), *(hear(*each) for each in enumerate(sockets)))


def main() -> None:
    given = [int(text) for text in sys.argv[1:3]]
    messages, members = [*given, *(MESSAGES, MEMBERS)[len(given) :]]
    with (
        tempfile.TemporaryDirectory() as place,
        Stack(Path(place), settings={"SOCKETS_PER_USER": "10000"}) as stack,
    ):
        admin = Api(stack.url, stack.admin["username"], stack.admin["password"])
        group = admin.post("/groups", name="Cost", catalogue="chat")["id"]
        people = []
        for number in range(members):
            name = f"member-{number}"
            admin.post("/users", username=name, password=f"correct horse {name}", kind="staff")
            people.append(Api(stack.url, name, f"correct horse {name}"))
            people[-1].post(f"/groups/{group}/join")
        asyncio.run(measure(stack, people, group, messages))


async def measure(stack: Stack, people: list[Api], group: str, messages: int) -> None:
    before = memory(stack.pid("gateway.1"))
    idle = [await people[number % len(people)].hello() for number in range(IDLE)]
    grown = (memory(stack.pid("gateway.1")) - before) / IDLE
    print(f"an open socket: {grown / 1024:.0f} KB of the gateway")
    for socket in idle:
        await socket.close()
    sockets = [await person.hello() for person in people]
    await talk(sockets, group, 50)
    rest = time.monotonic()
    calm = used(pids(stack))
    await asyncio.sleep(20)
    seconds = time.monotonic() - rest
    resting = {name: (now - calm[name]) / seconds for name, now in used(pids(stack)).items()}
    start, began = used(pids(stack)), time.monotonic()
    await talk(sockets, group, messages)
    elapsed = time.monotonic() - began
    print(
        f"{messages} messages to {len(people)} members in {elapsed:.1f} s; processor, less what rest costs:"
    )
    for name, now in used(pids(stack)).items():
        cost = (now - start[name] - resting[name] * elapsed) / messages
        print(
            f"  {name:<18} {1000 * cost:6.2f} ms a message   {1000 * resting[name]:6.1f} ms a second at rest"
        )
    for socket in sockets:
        await socket.close()


if __name__ == "__main__":
    main()
