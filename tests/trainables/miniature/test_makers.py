"""A miniature is made anew when something changes that its weights depend on."""

import ast

import pytest

from trainables.miniature.makers import CLASSIFIERS, HERE, QUESTIONS, RECOGNISERS, Maker

BY_VALUE = {"recipe"}  # its values are part of the key, and its file is not


@pytest.mark.parametrize("maker", [CLASSIFIERS, QUESTIONS, RECOGNISERS])
def test_whatever_a_source_imports_from_here_is_a_source_too(maker: Maker) -> None:
    for source in maker.sources:
        nodes = ast.walk(ast.parse((HERE / f"{source}.py").read_text()))
        origins = [(node.module or "", node.names) for node in nodes if isinstance(node, ast.ImportFrom)]
        imported = {origin.rpartition(".")[2] for origin, _ in origins if origin.startswith("trainables.miniature.")}
        imported |= {name.name for origin, names in origins if origin == "trainables.miniature" for name in names}
        assert imported - BY_VALUE <= set(maker.sources), source
