"""A few hundred damaged files for each reader; run.py beside this file tries as many as there is time for."""

from itertools import islice

import pytest
from fuzz.readers import READERS, attempt, inputs


@pytest.mark.parametrize("name", READERS)
def test_a_reader_reads_its_own_good_files(name, tmp_path):
    """Damage of a file that is refused anyhow would try nothing behind the first refusal."""
    reader = READERS[name]
    (tmp_path / "good").mkdir()
    good = reader.seeds(tmp_path / "good")
    outcomes = {path.name: attempt(reader, path.name, path.read_bytes(), tmp_path / path.name) for path in good}
    assert outcomes == {path.name: "read" for path in good}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.filterwarnings("ignore")  # what Pillow and NumPy think of damage
def test_damage_is_read_or_refused_in_a_line(name, tmp_path):
    reader = READERS[name]
    outcomes = {
        attempt(reader, file, data, tmp_path / str(number))
        for number, (file, data) in enumerate(islice(inputs(reader, tmp_path / "good", seed=1), 60))
    }
    assert outcomes <= {"read", "refused"}
