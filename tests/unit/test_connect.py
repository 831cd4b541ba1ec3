"""How a database is called in messages, and how an option is that cannot be read."""

from __future__ import annotations

import pytest

from trunkline.connect import connect, target
from trunkline.errors import TrunklineError, Unreachable, UsageError


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("postgresql://dba:p%40ss@db.example:5433/app", "dba@db.example:5433/app"),
        ("postgresql://dba@a,b:5433/app", "dba@a,b:5433/app"),
        ("host=a,b port=5433 dbname=app", "a:5433,b:5433/app"),
        ("host=a,b port=1,2,3", "a,b"),
        ("postgresql://dba@[::1]:5433/app", "dba@[::1]:5433/app"),
        ("hostaddr=10.0.0.1 dbname=app", "10.0.0.1/app"),
        ("postgresql://%2Frun%2Fa:b/app", "/run/a:b/app"),
        ("postgresql:///app", "local socket/app"),
        ("service=live", "service live"),
        ("postgresql://dba@?service=live", "dba@service live"),
    ],
)
def test_a_database_is_called_by_where_it_is(
    url: str, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    assert target(url).label == label


@pytest.mark.parametrize(
    ("option", "refusal"),
    [
        ("sslmode=bogus", UsageError),
        ("target_session_attrs=any-one", UsageError),
        ("ssl_min_protocol_version=9", UsageError),
        ("keepalives_idle=long", UsageError),
        ("sslmode=disable", Unreachable),
        ("target_session_attrs=any", Unreachable),
        ("keepalives_idle=10", Unreachable),
    ],
)
def test_an_option_that_cannot_be_read_is_no_server_that_is_not_there(
    option: str, refusal: type[TrunklineError]
) -> None:
    with pytest.raises(refusal):
        connect(target(f"postgresql://dba@127.0.0.1:1/app?{option}"))
