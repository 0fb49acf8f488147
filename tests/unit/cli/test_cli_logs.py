"""The log's lines, for people and for programs."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from towpath import settings
from towpath.cli import logs


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield root
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def test_a_json_line_is_one_object_with_time_level_logger_and_message(
    root: logging.Logger, tmp_path: Path
) -> None:
    file = tmp_path / "log"
    logs.configure(settings.Settings(log_format="json", log_level="warning"), file)
    logging.getLogger("towpath.engine").info("not severe enough")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("towpath.engine").exception("it broke")
    (line,) = file.read_text(encoding="utf-8").splitlines()
    told = json.loads(line)
    assert (told["level"], told["logger"], told["message"]) == (
        "error",
        "towpath.engine",
        "it broke",
    )
    assert told["time"].endswith("+00:00")
    assert "ValueError" in told["traceback"]


def test_a_text_line_has_time_level_logger_and_message(
    root: logging.Logger, tmp_path: Path
) -> None:
    file = tmp_path / "log"
    logs.configure(settings.Settings(), file)
    logging.getLogger("towpath.git").info("fetched")
    assert "INFO    towpath.git: fetched" in file.read_text(encoding="utf-8")
