"""The size of a batch follows the clock, and jumps in neither direction."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.backfill.pace import Pace, next_size

PACE = Pace(batch_seconds=0.1, largest_batch=1000)


def test_a_fast_batch_is_followed_by_one_of_twice_the_size() -> None:
    assert next_size(PACE, 100, 100, 0.001) == 200


def test_a_slow_batch_is_followed_by_one_of_half_the_size() -> None:
    assert next_size(PACE, 100, 100, 5.0) == 50


def test_a_batch_near_the_time_is_followed_by_one_that_fits_it() -> None:
    assert next_size(PACE, 100, 100, 0.125) == 80
    assert next_size(PACE, 100, 100, 0.08) == 125


def test_a_batch_is_never_larger_than_the_largest() -> None:
    assert next_size(PACE, 900, 900, 0.001) == 1000


def test_a_batch_is_never_smaller_than_the_smallest_since_round_trips_stay() -> None:
    assert next_size(PACE, 25, 25, 60.0) == 25
    assert next_size(PACE, 30, 30, 60.0) == 25
    assert next_size(Pace(first_batch=7), 7, 7, 60.0) == 7


def test_the_end_of_a_chunk_says_nothing_unless_it_was_slow() -> None:
    assert next_size(PACE, 100, 3, 0.005) == 100
    assert next_size(PACE, 100, 0, 0.0) == 100
    assert next_size(PACE, 100, 60, 0.2) == 50


@settings(max_examples=50, deadline=None)
@given(rate=st.floats(300, 9_000), size=st.integers(1, 1000))
def test_the_size_settles_where_a_batch_takes_its_time(rate: float, size: int) -> None:
    for _ in range(20):
        size = next_size(PACE, size, size, size / rate)
    assert 0.05 <= size / rate <= 0.1 + 1e-9
