"""Settings: what wins, what is refused, and that no secret is ever shown."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from towpath import connections, settings

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"
SECRET = "s3cret-s3cret-s3cret"


@pytest.fixture(autouse=True)
def clean_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(f"TOWPATH_{name.upper()}", raising=False)
        monkeypatch.delenv(f"TOWPATH_{name.upper()}_FILE", raising=False)
    monkeypatch.delenv("TOWPATH_SETTINGS", raising=False)


def problems(file: Path | None = None, **options: object) -> str:
    with pytest.raises(settings.Invalid) as raised:
        settings.load(file, options)
    return "\n".join(raised.value.problems)


def test_without_anything_given_it_listens_on_loopback_with_an_embedded_database() -> None:
    given = settings.load()
    assert (given.host, given.port, given.address) == ("127.0.0.1", 8080, "http://127.0.0.1:8080")
    assert given.database_url.get_secret_value() == ""
    assert given.poll_interval == 10
    assert given.looks_at_once == 64
    assert given.git_timeout == 60
    given.check_serving()


def test_the_data_folder_follows_the_xdg_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert settings.load().data_dir == tmp_path / "towpath"


def test_an_option_wins_over_a_variable_and_a_variable_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "towpath.toml").write_text('host = "::1"\nport = 1\npoll_interval = 3\n')
    monkeypatch.setenv("TOWPATH_PORT", "2")
    monkeypatch.setenv("TOWPATH_HOST", "127.0.0.2")
    given = settings.load(options={"host": "localhost", "port": None})
    assert (given.host, given.port, given.poll_interval) == ("localhost", 2, 3)


def test_the_file_can_be_named_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "other.toml"
    named.write_text("port = 5\n")
    monkeypatch.setenv("TOWPATH_SETTINGS", str(named))
    assert settings.load().port == 5


def test_a_wrong_value_is_told_with_setting_place_and_what_to_give(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOWPATH_PORT", "http")
    told = problems()
    assert told.startswith("port (variable TOWPATH_PORT): 'http': ")
    assert told.endswith("Give the port to listen on; 0 takes any.")


def test_every_wrong_value_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text('port = -1\nlog_level = "loud"\npublic_url = "towpath.example.org"\n')
    told = problems(file)
    assert told.count(str(file)) == 3
    assert "public_url" in told
    assert "http://" in told


def test_an_unknown_setting_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("pol_interval = 3\n")
    assert "Did you mean poll_interval?" in problems(file)


def test_a_variable_that_is_nearly_a_setting_is_refused_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOWPATH_POLL_INTERVALL", "5")
    monkeypatch.setenv("TOWPATH_API_TOKENS_FILES", "/run/secrets/tokens")
    assert problems().splitlines() == [
        "variable TOWPATH_API_TOKENS_FILES: there is no such setting. "
        "Did you mean TOWPATH_API_TOKENS_FILE?",
        "variable TOWPATH_POLL_INTERVALL: there is no such setting. "
        "Did you mean TOWPATH_POLL_INTERVAL?",
    ]


def test_what_others_put_into_the_environment_is_no_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOWPATH_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("TOWPATH_TOKEN", "of-the-command-line")
    monkeypatch.setenv("TOWPATH_BACKUP", "yes")
    assert settings.load().host == "127.0.0.1"


def test_a_settings_file_that_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    assert "No such file" in problems(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("port = \n")
    assert f"{broken}: not valid TOML" in problems(broken)


def test_a_secret_comes_from_a_variable_a_named_file_or_a_file_in_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = tmp_path / "secret"
    held.write_text(f"postgresql://towpath:{SECRET}@db/towpath\n")
    monkeypatch.setenv("TOWPATH_DATABASE_URL_FILE", str(held))
    assert settings.load().database_url.get_secret_value().endswith("@db/towpath")
    token = tmp_path / "token"
    token.write_text(SECRET + "\n")
    (tmp_path / "towpath.toml").write_text(
        f'[api_tokens]\nci = {{ file = "{token}" }}\n'
        f'[[git_credentials]]\nurl = "https://git.example.org/"\ntoken = {{ file = "{token}" }}\n'
    )
    given = settings.load()
    assert given.api_tokens["ci"].get_secret_value() == SECRET
    assert given.git_credentials[0].token.get_secret_value() == SECRET


def test_tokens_can_be_given_as_json_in_a_variable_or_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWPATH_API_TOKENS", f'{{"ci": "{SECRET}"}}')
    assert settings.load().api_tokens["ci"].get_secret_value() == SECRET
    held = tmp_path / "tokens"
    held.write_text(f'{{"ops": "{SECRET}"}}')
    monkeypatch.setenv("TOWPATH_API_TOKENS_FILE", str(held))
    assert "both TOWPATH_API_TOKENS and TOWPATH_API_TOKENS_FILE are set" in problems()
    monkeypatch.delenv("TOWPATH_API_TOKENS")
    assert "ops" in settings.load().api_tokens


def test_a_secret_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWPATH_DATABASE_URL_FILE", str(tmp_path / "none"))
    assert str(tmp_path / "none") in problems()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TOWPATH_DATABASE_URL", f"mysql://u:{SECRET}@h/d"),
        ("TOWPATH_API_TOKENS", f'{{"ci": "{SECRET}"'),
        ("TOWPATH_API_TOKENS", f'["{SECRET}"]'),
        ("TOWPATH_GIT_CREDENTIALS", f'[{{"url": "https://u:{SECRET}@h/"}}]'),
        ("TOWPATH_GIT_CREDENTIALS", f'[{{"url": "https://h/", "tokn": "{SECRET}"}}]'),
        ("TOWPATH_GIT_CREDENTIALS", f'[{{"token": "{SECRET}"}}]'),
    ],
)
def test_no_secret_is_shown_in_an_error(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(settings.Invalid) as raised:
        settings.load()
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__
    assert variable.removeprefix("TOWPATH_").lower() in str(raised.value)


def test_no_secret_is_shown_when_the_settings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWPATH_DATABASE_URL", f"postgresql://u:{SECRET}@h/d")
    monkeypatch.setenv("TOWPATH_API_TOKENS", f'{{"ci": "{SECRET}"}}')
    monkeypatch.setenv("TOWPATH_GIT_CREDENTIALS", f'[{{"url": "https://h/", "token": "{SECRET}"}}]')
    given = settings.load()
    assert SECRET not in repr(given) + str(given) + given.model_dump_json()


def test_a_password_in_the_configuration_address_is_refused() -> None:
    told = problems(config=f"https://u:{SECRET}@git.example.org/config.git")
    assert "git_credentials" in told
    assert SECRET not in told


def test_a_short_token_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWPATH_API_TOKENS", '{"ci": "short"}')
    assert "the token of ci has fewer than 16 characters" in problems()


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text('[[git_credentials]]\nurl = "git@h:"\nssh_key = "/nowhere/key"\n')
    assert "git_credentials[0].ssh_key" in problems(file)
    assert "there is no file /nowhere/key" in problems(file)


def test_what_kubernetes_puts_into_towpath_port_is_not_taken_for_the_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOWPATH_PORT", "tcp://10.0.0.7:8080")
    assert settings.load().port == 8080


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "towpath.example.org"])
def test_listening_for_other_machines_without_tokens_is_refused(host: str) -> None:
    with pytest.raises(settings.Invalid, match="Give api_tokens"):
        settings.Settings(host=host).check_serving()
    settings.Settings(host=host, api_tokens={"ci": SECRET}).check_serving()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_needs_no_tokens(host: str) -> None:
    settings.Settings(host=host).check_serving()


def test_sizes_may_have_a_unit() -> None:
    assert settings.load(options={"max_file_size": "2MiB"}).max_file_size == 2 * 1024 * 1024


def test_every_setting_is_documented_with_its_own_words() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    for name, field in settings.Settings.model_fields.items():
        assert f"| `{name}` | `TOWPATH_{name.upper()}` |" in text
        assert field.description in text
    tables = (
        connections.GitCredential,
        connections.Registry,
        connections.GitHubHost,
        connections.Jira,
    )
    for table in tables:
        for name, field in table.model_fields.items():
            assert f"| `{name}` | {field.description} |" in text


def test_teams_are_a_table_or_json_and_what_is_not_json_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "towpath.toml"
    file.write_text('[teams]\nrelease = ["ada", "bruno"]\n')
    assert settings.load(file).teams == {"release": ("ada", "bruno")}
    monkeypatch.setenv("TOWPATH_TEAMS", '{"sre": ["eve"]}')
    assert settings.load(file).teams == {"sre": ("eve",)}
    monkeypatch.setenv("TOWPATH_TEAMS", "sre: eve")
    with pytest.raises(settings.Invalid) as invalid:
        settings.load(file)
    assert invalid.value.problems[0].startswith("teams: the value of TOWPATH_TEAMS is not JSON")


def _rsa_key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    return made.private_bytes(serialization.Encoding.PEM, form, plain).decode()


def test_github_takes_a_token_or_an_app_with_its_key(tmp_path: Path) -> None:
    key = tmp_path / "app.pem"
    key.write_text(_rsa_key())
    file = tmp_path / "towpath.toml"

    def given(*lines: str) -> str:
        file.write_text("\n".join(["[[github]]", 'url = "https://github.com"', *lines]))
        return str(file)

    app = ("app_id = 7", f'private_key = {{ file = "{key}" }}')
    [host] = settings.load(Path(given(*app, 'labels = { prod = "in-prod" }'))).github
    assert (host.app_id, host.labels) == ("7", {"prod": "in-prod"})
    assert "BEGIN" not in repr(host)
    for lines, why in (
        ((), "give either `token`, or `app_id` and `private_key`"),
        ((*app, 'token = "t"'), "give either `token`"),
        (('app_id = "7"',), "`app_id` and `private_key` go together"),
        (('app_id = "7"', 'private_key = "no key"'), "is no RSA key in PEM"),
        (('token = "t"', 'labels = { prod = "in prod" }'), "github[0].labels.prod"),
    ):
        assert why in problems(Path(given(*lines)))
