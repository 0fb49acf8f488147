"""What every test of the store relies on: a database of its own, and an empty one."""

from embedded_world import ask, write


async def test_a_test_gets_an_empty_database(database_url: str) -> None:
    assert (
        await ask(database_url, "SELECT count(*) FROM pg_tables WHERE tableowner = 'towpath'") == 0
    )
    await write(database_url, "CREATE TABLE left_behind (n int)")


async def test_the_next_test_gets_another_one(database_url: str) -> None:
    assert await ask(database_url, "SELECT to_regclass('left_behind')") is None
