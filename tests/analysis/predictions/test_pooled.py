"""One rule for a missing fold: which seeds count for a configuration, and what is said of the others."""

from dataclasses import replace

from analysis.predictions.pooled import NO_SEED_OF_ITS_OWN, Part, pooled


def of_fold(make, name: str):
    """Two clips of a fold of this name."""
    run = make([True, False])
    return replace(run, example_ids=[f"{name}/{example}" for example in run.example_ids], folds=[name] * 2)


def test_folds_and_seeds_stand_in_ascending_order(make) -> None:
    a, b = of_fold(make, "a"), of_fold(make, "b")
    found = pooled([Part(10, "b", b), Part(9, "a", a), Part(10, "a", a), Part(9, "b", b)], {"b", "a"})
    assert list(found.by_seed) == [9, 10]
    for run in found.by_seed.values():
        assert run.example_ids == ["a/clip0", "a/clip1", "b/clip0", "b/clip1"]
    assert found.note("finalist 1") is None


def test_a_seed_that_lacks_a_fold_is_left_out_and_counted(make) -> None:
    a, b = of_fold(make, "a"), of_fold(make, "b")
    parts = [Part(seed, "a", a) for seed in (1, 2, 3)] + [Part(1, "b", b), Part(2, "b", None)]
    found = pooled(parts, {"a", "b"})
    assert list(found.by_seed) == [1]
    assert found.note("finalist 2") == (
        "2 of 3 seeds of finalist 2 (2, 3) were left out: they have no completed confirm run in every one of 2 outer "
        "folds."
    )


def test_without_outer_folds_a_failed_run_is_its_seeds_end(make) -> None:
    found = pooled([Part(1, "-", make([True])), Part(2, "-", None)], {"-"})
    assert list(found.by_seed) == [1]
    assert found.note("baseline") == "1 of 2 seeds of baseline (2) was left out: it has no completed confirm run."


def test_what_knows_no_seed_is_whole_or_left_out(make) -> None:
    a, b = of_fold(make, "a"), of_fold(make, "b")
    whole = pooled([Part(None, "a", a), Part(None, "b", b)], {"a", "b"})
    assert len(whole.by_seed[NO_SEED_OF_ITS_OWN]) == 4
    partly = pooled([Part(None, "a", a), Part(None, "b", None)], {"a", "b"})
    assert not partly.by_seed
    assert partly.note("untuned backbone") == (
        "untuned backbone was left out: it has no completed confirm run in every one of 2 outer folds."
    )


def test_a_run_that_was_trained_again_counts_once(make) -> None:
    found = pooled([Part(1, "-", None), Part(1, "-", make([True]))], {"-"})
    assert list(found.by_seed) == [1]
    assert found.left_out == ()
