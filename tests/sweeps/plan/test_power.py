"""What a sweep's verdict will be able to show, said before the spend."""

from __future__ import annotations

from analysis.stats.power import detectable_before
from sweeps.plan.power import plan_power


def test_what_the_verdict_will_be_able_to_show() -> None:
    """The table is `analysis.stats.power`'s for this sweep's seeds and test set; one seed has McNemar's sample size."""
    classes = {"no": 40, "yes": 40}
    found = plan_power(seeds=5, groups=80, clips=160, groups_of_class=classes)
    assert list(found.rows) == detectable_before(5, 80, 160, fewest_groups=40)
    pooled = plan_power(seeds=5, groups=80, clips=160, groups_of_class=classes, arms=4)
    assert list(pooled.rows) == detectable_before(5, 80, 160, fewest_groups=40, arms=4, alpha=0.05 / 3)  # Holm's first
    assert "the level of 0.0167 that Holm's correction asks of the first of 3" in pooled.note
    assert "33 % of sweeps where it is 20%" in found.note  # a collapse that no seed shows
    header, *rows = found.table()
    assert [len(row) for row in rows] == [len(header)] * 3
    assert rows[0][3] == f"{100 * found.rows[2].difference:.1f}"
    fewer = plan_power(seeds=5, groups=80, clips=160, groups_of_class={"no": 10, "yes": 70})
    assert fewer.rows[2].difference > found.rows[2].difference  # a small class limits the degrees of freedom
    alone = plan_power(seeds=1, groups=80, clips=160, groups_of_class=classes)
    assert alone.rows == ()
    assert "about 312 independent clips" in alone.note  # Connor: (1.96 sqrt(.1) + .8416 sqrt(.0975))^2 / .05^2
    few = plan_power(seeds=5, groups=8, clips=16, groups_of_class={"no": 4, "yes": 4})
    assert "limited to these groups" in few.note
    assert (
        "nothing can be said before a first sweep" in plan_power(seeds=5, groups=80, clips=160, groups_of_class={}).note
    )
