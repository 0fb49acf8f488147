"""Where git objects are put: one by one into a repository, or thousands at once into one pack.

A history of some thousand objects written as loose files costs seconds, most of it in the file
system; as one pack it costs tenths, and others fetch it faster. Knows the format of packs
(gitformat-pack(5), version 2, undeltified) and nothing of what the objects mean.
"""

import hashlib
import struct
import zlib
from pathlib import Path
from typing import Protocol

import pygit2
from pygit2.enums import ObjectType

_LEVEL = 1  # the demo's texts are small: speed counts for more than size


class Objects(Protocol):
    """A place for objects. Ids are forty hexadecimal digits."""

    def put(self, kind: ObjectType, data: bytes) -> str:
        """Keep an object; its id."""
        ...

    def read(self, sha: str) -> bytes:
        """The data of an object kept here."""
        ...


class Loose:
    """Objects of a repository, each written at once: for a few, and for others to see."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository

    def put(self, kind: ObjectType, data: bytes) -> str:
        """Write the object into the repository."""
        return str(self._repository.write(kind, data))

    def read(self, sha: str) -> bytes:
        """The data of any object of the repository."""
        return self._repository[sha].read_raw()


class Pack:
    """Objects that are gathered in memory, and then written as one pack with its index."""

    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}
        self._packed: dict[str, bytes] = {}

    def put(self, kind: ObjectType, data: bytes) -> str:
        """Keep an object until the pack is saved; the same object twice is kept once."""
        head = f"{kind.name.lower()} {len(data)}\0".encode()
        sha = hashlib.sha1(head + data, usedforsecurity=False).hexdigest()
        if sha not in self._data:
            self._data[sha] = data
            self._packed[sha] = _header(kind, len(data)) + zlib.compress(data, _LEVEL)
        return sha

    def read(self, sha: str) -> bytes:
        """The data of an object put here before."""
        return self._data[sha]

    def save(self, repository: Path) -> None:
        """Write the pack and its index into a bare repository."""
        entries = self._packed
        body = b"PACK" + struct.pack(">II", 2, len(entries)) + b"".join(entries.values())
        checksum = hashlib.sha1(body, usedforsecurity=False).digest()
        place = repository / "objects" / "pack" / f"pack-{checksum.hex()}.pack"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body + checksum)
        # The index last: without it, git does not see the pack.
        place.with_suffix(".idx").write_bytes(_index(entries, checksum))


def _header(kind: ObjectType, size: int) -> bytes:
    """Type and size of a packed object: four bits of the size, then seven in each byte."""
    byte, size = (int(kind) << 4) | (size & 15), size >> 4
    header = bytearray()
    while size:
        header.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    header.append(byte)
    return bytes(header)


def _index(entries: dict[str, bytes], checksum: bytes) -> bytes:
    offsets, offset = {}, 12
    for sha, packed in entries.items():
        offsets[sha] = offset
        offset += len(packed)
    ids = sorted(entries)
    fanout = [0] * 256
    for sha in ids:
        fanout[int(sha[:2], 16)] += 1
    for byte in range(1, 256):
        fanout[byte] += fanout[byte - 1]
    body = b"".join(
        (
            b"\377tOc" + struct.pack(">I", 2),
            struct.pack(">256I", *fanout),
            b"".join(bytes.fromhex(sha) for sha in ids),
            struct.pack(f">{len(ids)}I", *(zlib.crc32(entries[sha]) for sha in ids)),
            struct.pack(f">{len(ids)}I", *(offsets[sha] for sha in ids)),
            checksum,
        )
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()
