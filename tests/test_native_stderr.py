import os
import tempfile
import threading

from emotion.native_stderr import OWNED, native_stderr, stderr_led_to


def test_where_a_signal_leads_stderr_meanwhile_there_it_stays(capfd):
    before = os.dup(2)
    with tempfile.TemporaryFile() as hidden, tempfile.TemporaryFile() as nowhere:
        with stderr_led_to(hidden):
            os.dup2(nowhere.fileno(), 2)  # as the terminal is closed
        os.write(2, b"late")
        os.dup2(before, 2)
        nowhere.seek(0)
        assert (nowhere.read(), hidden.read()) == (b"late", b"")
    os.close(before)
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_a_script_hears_what_its_libraries_print(capfd, monkeypatch):
    monkeypatch.setattr(OWNED, "is_set", lambda: True)
    with native_stderr() as said:
        os.write(2, b"Corrupt JPEG data\nand more\n")
    assert said == ["Corrupt JPEG data", "and more"]
    assert capfd.readouterr().err == ""


def test_in_a_process_that_is_not_ours_all_is_shown(capfd, monkeypatch):
    monkeypatch.setattr(OWNED, "is_set", lambda: False)
    with native_stderr() as said:
        os.write(2, b"another thread's\n")
    assert (said, capfd.readouterr().err) == ([], "another thread's\n")


def test_in_another_thread_all_is_shown(capfd, monkeypatch):
    monkeypatch.setattr(OWNED, "is_set", lambda: True)

    def decode():
        with native_stderr():
            os.write(2, b"shown\n")

    thread = threading.Thread(target=decode)
    thread.start()
    thread.join()
    assert capfd.readouterr().err == "shown\n"
