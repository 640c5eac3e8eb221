"""What the documents name is there: files by their names, the package's rooms in the figure of ARCHITECTURE.md."""

import re

import pytest

DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/cluster.md",
    "docs/lab_book.md",
    "models/README.md",
)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_named_is_there(document, repository):
    found = [*repository.glob("*.*"), *repository.glob("*/*.*"), *(repository / "emotion").rglob("*.*"),
             *(repository / "tests").rglob("*.*"), *(repository / "data" / "samples").glob("*.*")]  # fmt: skip
    files = [f"/{path.relative_to(repository).as_posix()}" for path in found if path.is_file()]
    text = (repository / document).read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w./:-])(?:[\w-]+/)*[\w-]+\.(?:py|md|txt|toml)\b", text))
    assert named
    assert {name for name in named if not any(file.endswith(f"/{name}") for file in files)} == set()


def test_the_rooms_are_those_of_the_figure(repository):
    text = (repository / "ARCHITECTURE.md").read_text(encoding="utf-8").split("```")[1].partition("\nemotion/\n")[2]
    there = [path for path in (repository / "emotion").iterdir() if not path.name.startswith("__")]
    assert set(re.findall(r"(?<=\s)(\w+)/\s", text)) == {path.name for path in there if path.is_dir()}
    ground = {path.name for path in there if path.suffix == ".py"}
    assert set(text.splitlines()[-1].replace("the ground", "").split()) == ground
