from emotion.web.session import Outputs, Session


def test_a_picture_that_comes_after_the_end_leaves_no_file(recognizers, face_photo, tmp_path):
    outputs = Outputs(tmp_path / "a.mp4", tmp_path / "a.csv", tmp_path / "a.json")
    session = Session(1, recognizers[0].new_stream(), outputs, "browser")
    session.finish()
    _, faces = session.take(face_photo)
    assert len(faces) == 1
    assert list(tmp_path.iterdir()) == []
