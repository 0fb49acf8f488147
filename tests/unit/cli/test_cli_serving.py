"""`towpath serve`: what keeps it from starting, before anything is started."""

from pathlib import Path
from typing import Any

import pytest

from towpath import settings


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOWPATH_API_TOKENS", raising=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_serve_refuses_other_machines_without_tokens_and_says_which_setting_to_give(
    host: str, towpath: Any
) -> None:
    result = towpath("serve", "--config", ".", "--host", host)
    assert result.exit_code == 2
    assert "api_tokens" in result.stderr
    assert "TOWPATH_API_TOKENS_FILE" in result.stderr


def test_a_wrong_option_is_told_with_its_place(towpath: Any) -> None:
    result = towpath("serve", "--port", "99999")
    assert result.exit_code == 2
    assert "port (option --port): 99999: should be less than or equal to 65535." in result.stderr
    result = towpath("serve", "--database", "mysql://db")
    assert "database_url (option --database): is not an address" in result.stderr


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_settings_file_that_is_not_there_is_named(command: str, towpath: Any) -> None:
    result = towpath(command, "--settings", "none.toml")
    assert result.exit_code == 2
    assert "none.toml" in result.stderr


@pytest.mark.parametrize("config", ["./confg", "confg/delivery", "/nowhere", "~/nowhere"])
def test_a_folder_that_is_not_there_is_no_repository_that_is_away(
    towpath: Any, config: str
) -> None:
    result = towpath("serve", "--config", config)
    assert result.exit_code == 2
    assert f"config: there is no folder {config}. Give the configuration" in result.stderr


@pytest.mark.parametrize(
    "config", ["https://git.example.org/x", "git@git.example.org:a/b", "host:x"]
)
def test_an_address_of_a_repository_need_not_be_there(config: str) -> None:
    settings.Settings(config=config).check_serving()


def test_every_wrong_setting_is_told_at_once(towpath: Any, tmp_path: Path) -> None:
    (tmp_path / "towpath.toml").write_text('port = "x"\nlog_format = "xml"\n')
    result = towpath("worker")
    assert result.exit_code == 2
    assert result.stderr.count("towpath.toml") == 2


def test_the_demo_reads_no_database_of_a_real_installation(
    towpath: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWPATH_DATABASE_URL", "mysql://refused-if-it-were-read")
    result = towpath("demo", "--once", "--port", "99999")
    assert result.exit_code == 2
    assert "database_url" not in result.stderr
    assert "port" in result.stderr


def test_a_folder_that_the_demo_cannot_use_is_told_without_a_traceback(
    towpath: Any, tmp_path: Path
) -> None:
    taken = tmp_path / "file"
    taken.touch()
    result = towpath("demo", "--once", "--dir", str(taken))
    assert result.exit_code == 1
    assert f"The demo cannot be built in {taken}: File exists." in result.stderr
    assert "--dir" in result.stderr
