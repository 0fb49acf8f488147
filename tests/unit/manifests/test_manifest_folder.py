"""Manifests of a folder on this machine."""

import errno
import os
from pathlib import Path

import pytest

from towpath.manifests import folder


def test_yaml_files_are_read_by_their_path_and_nothing_else(tmp_path: Path) -> None:
    for name in ("a.yaml", "b/c.yml", "b/readme.md", ".git/x.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)

    files, problems = folder.files_of(tmp_path)

    assert files == {"a.yaml": b"a.yaml", "b/c.yml": b"b/c.yml"}
    assert problems == ()


def test_one_file_is_read_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "any.txt").write_text("x")

    assert folder.files_of(tmp_path / "any.txt")[0] == {"any.txt": b"x"}


def test_links_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    outside = tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.yaml").write_text("x")
    (inside / "file.yaml").symlink_to(outside / "secret.yaml")
    (inside / "folder").symlink_to(outside)
    (inside / "gone.yaml").symlink_to(tmp_path / "nowhere")

    files, problems = folder.files_of(inside)

    assert files == {}
    assert [(p.origin.file, p.code) for p in problems] == [
        ("file.yaml", "link_outside"),
        ("folder", "link_outside"),
        ("gone.yaml", "broken_link"),
    ]


def test_a_link_inside_the_folder_does_not_read_a_file_twice(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "a.yaml").write_text("x")
    (tmp_path / "a.yaml").symlink_to(tmp_path / "..data" / "a.yaml")

    files, problems = folder.files_of(tmp_path)

    assert list(files) == ["..data/a.yaml"]
    assert problems == ()


def test_a_place_where_nothing_is_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        folder.files_of(tmp_path / "nowhere")


def test_what_lies_in_a_folder_that_cannot_be_listed_is_not_taken_for_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "a.yaml").write_text("x")
    listed = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("closed"):  # whoever runs the tests may be let in everywhere
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", refusing)
    files, problems = folder.files_of(tmp_path)
    assert files == {"a.yaml": b"x"}
    assert [(p.origin.file, p.code, p.severity) for p in problems] == [
        ("closed", "unreadable_folder", "error")
    ]


def test_one_file_that_cannot_be_read_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a.yaml"
    place.write_text("x")

    def refused(self: Path, mode: str) -> object:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "open", refused)
    files, problems = folder.files_of(place)
    assert files == {}
    assert [(p.origin.file, p.code) for p in problems] == [("a.yaml", "unreadable_file")]
