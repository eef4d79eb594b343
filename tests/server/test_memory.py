"""The memory that the alarm's share is taken of: the machine's, or what a container may have of it."""

import os

import pytest

from broker.server import memory


@pytest.mark.parametrize(
    ("limit", "expected"), [("1000000\n", 1_000_000), ("max\n", None), (f"{2**62}\n", None), (None, None)]
)
def test_a_containers_limit_counts_where_it_is_less(monkeypatch, tmp_path, limit, expected):
    path = tmp_path / "memory.max"
    if limit is not None:
        path.write_text(limit)
    monkeypatch.setattr(memory, "_CONTAINER_LIMITS", (path,))
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert memory.machine_memory_bytes() == (expected or physical)
