"""A process of its own for the tests of the embedded server; not a test.

    embedded_child.py [--as UID:GID] hold FOLDER [SHELTER]  serve until standard input ends
    embedded_child.py [--as UID:GID] login CONNINFO         try to log in

The settings of the server come from the variable EMBEDDED_SETTINGS, as JSON.

`--as` takes effect after everything was imported, so that it works with a Python that only root
can reach. Answers with one line of JSON.
"""

import asyncio
import concurrent.futures.thread  # noqa: F401 - used lazily by asyncio, too late for --as
import dataclasses
import encodings.idna  # noqa: F401 - the same
import json
import os
import sys
from pathlib import Path

import psycopg

from towpath.storage import embedded

SETTINGS = json.loads(os.environ["EMBEDDED_SETTINGS"])


def become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def say(**words: object) -> None:
    print(json.dumps(words, default=str), flush=True)


async def hold(folder: Path, *shelter: Path) -> None:
    options = {"shelter": shelter[0]} if shelter else {}
    server = embedded.Embedded(folder, settings=SETTINGS, **options)
    try:
        say(**dataclasses.asdict(await server.start()))
    except embedded.EmbeddedError as error:
        say(code=error.code, sentence=error.sentence)
        return
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


async def login(conninfo: str) -> None:
    try:
        async with await psycopg.AsyncConnection.connect(conninfo) as connection:
            await connection.execute("SELECT 1")
    except psycopg.OperationalError as error:
        say(refused=str(error))
    else:
        say(refused=None)


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[0] == "--as":
        become(*map(int, arguments[1].split(":")))
        arguments = arguments[2:]
    match arguments:
        case ["hold", *folders]:
            asyncio.run(hold(*map(Path, folders)))
        case ["login", conninfo]:
            asyncio.run(login(conninfo))


main()
