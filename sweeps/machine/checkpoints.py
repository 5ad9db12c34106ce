"""Where a trial's weights come from, for loading and as its runs in MLflow say."""

from __future__ import annotations

from collections.abc import Mapping

from trainables import registry
from trainables.config import TrialConfig


def checkpoint_name(config: TrialConfig) -> str:
    sizes = registry.backbone(config.backbone).SIZES
    return sizes[config.model_size].checkpoint if config.model_size in sizes else f"miniature {config.model_size}"


def checkpoint_revision(config: TrialConfig, revisions: Mapping[str, str]) -> str | None:
    """The commit of the hub's repository, of `revisions` (by checkpoint) where it was pinned; None where weights come
    from no hub."""
    published = registry.backbone(config.backbone).SIZES.get(config.model_size)
    return None if published is None else revisions.get(published.checkpoint, published.revision)


def checkpoint_to_load(config: TrialConfig, revisions: Mapping[str, str], miniature_recipe: str | None) -> str:
    """A hub id with the commit that was pinned, or the folder of a miniature, which is made where it is absent."""
    if miniature_recipe is not None:
        from trainables import miniature

        return str(miniature.path(config.backbone, config.model_size, miniature_recipe, progress=False))
    checkpoint = registry.backbone(config.backbone).SIZES[config.model_size].checkpoint
    return f"{checkpoint}@{revisions[checkpoint]}" if checkpoint in revisions else checkpoint
