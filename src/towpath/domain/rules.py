"""What of an application's files is promoted, as a promotion template says it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VersionSource:
    """Where an application's version is written: a file of its folder and a JSONPath in it."""

    file: str
    json_path: str


@dataclass(frozen=True, slots=True)
class ImageSource:
    """Where an image reference is written, for images that are not found by themselves."""

    file: str
    repository: str
    tag: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a template promotes, in a form that can be a key and be stored with what it found.

    `promotion` None: the image references that are found, and the version.
    """

    promotion: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    version: VersionSource | None = None
    images: tuple[ImageSource, ...] = ()
