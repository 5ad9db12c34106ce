from __future__ import annotations

import csv
from threading import Thread

import pytest

from trainables.cell_limit import cells_up_to


def test_a_limit_holds_for_its_block_alone():
    before = csv.field_size_limit()
    with cells_up_to(3):
        assert list(csv.reader(["abc,d"])) == [["abc", "d"]]
        with pytest.raises(csv.Error, match="larger than field limit"):
            list(csv.reader(["abcd,e"]))
        with cells_up_to(4):
            assert list(csv.reader(["abcd,e"])) == [["abcd", "e"]]
    assert csv.field_size_limit() == before


def test_the_limit_of_before_comes_back_after_an_error():
    before = csv.field_size_limit()
    with pytest.raises(csv.Error), cells_up_to(3):
        list(csv.reader(["abcd"]))
    assert csv.field_size_limit() == before


def test_two_threads_do_not_share_their_limits():
    refused: list[int] = []

    def read(limit: int) -> None:
        for _ in range(200):
            with cells_up_to(limit):
                try:
                    list(csv.reader(["a" * 50]))
                except csv.Error:
                    refused.append(limit)

    threads = [Thread(target=read, args=(limit,)) for limit in (20, 80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == [20] * 200
