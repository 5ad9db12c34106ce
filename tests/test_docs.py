"""What README and docs point at is there, and what they quote works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sweeps.config.load import parse_sweep

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
PAGES += [*sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "benchmarks").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = link.partition("#")
        if file.startswith("http"):
            continue
        target = page.parent / file if file else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_names_a_module_that_is_there(page: Path) -> None:
    for name in re.findall(
        r"python -m ((?:sweeps|analysis|trainables|benchmarks)[\w.]*)", page.read_text(encoding="utf-8")
    ):
        path = ROOT / name.rstrip(".").replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), name


def test_the_readme_is_short_and_links_every_page() -> None:
    assert len(README.encode()) <= 9000
    for page in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{page.name})" in README


def test_the_readmes_sweep_file_is_one() -> None:
    text = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert text is not None
    assert parse_sweep(text[1]).trials == 16


def test_the_architecture_names_files_that_are_there() -> None:
    for name in re.findall(r"`([a-z_]+/[\w/]*\.py)`", ARCHITECTURE):
        assert any((ROOT / above / name).is_file() for above in (".", "sweeps", "trainables", "analysis")), name
