"""The git repositories an installation works on: those it writes to, and those it only reads."""

from collections.abc import Iterator

from towpath.git import adapter, commits, credentials
from towpath.settings import Settings

HISTORY_TIMEOUT_S = 120.0  # a first fetch of a long history, in the background


def gitops(settings: Settings) -> adapter.GitRepositories:
    """The repositories that promotions read and write."""
    return adapter.GitRepositories(
        settings.data_dir / "mirrors",
        tuple(_credentials(settings)),
        identity=commits.Identity(settings.git_author_name, settings.git_author_email),
        timeout=settings.git_timeout,
        max_file_size=int(settings.max_file_size),
    )


def code(settings: Settings) -> adapter.GitRepositories:
    """Repositories of code, of which only the history is read: apart, so that promotions never
    wait for a large one."""
    return adapter.GitRepositories(
        settings.data_dir / "histories",
        tuple(_credentials(settings)),
        timeout=HISTORY_TIMEOUT_S,
        processes=4,
        contents_too=False,
    )


def _credentials(settings: Settings) -> Iterator[credentials.Credentials]:
    for each in settings.git_credentials:
        yield credentials.Credentials(
            url=each.url,
            username=each.username,
            token=each.token.get_secret_value(),
            ssh_key=each.ssh_key,
            known_hosts=each.known_hosts,
            ca_file=each.ca_file,
        )
