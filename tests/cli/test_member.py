import subprocess
import sys

import pytest


@pytest.mark.slow
def test_without_fork_a_process_of_several_is_not_watched(repository):
    code = (
        "import os, sys; os.__dict__.pop('fork', None); os.environ['KERAS_DISTRIBUTION_PROCESS_ID'] = '0'; "
        "from emotion.cli import member; member.run(lambda: 7)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=repository).returncode == 7
