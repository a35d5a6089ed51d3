"""A build's pip is told what it needs of this machine's, and nothing that only this machine has."""

from images.pip_settings import read, written

LISTED = """\
:env:.cert='/etc/ssl/certs/of-the-environment.crt'
:env:.find-links='/opt/wheels'
global.cert='/etc/ssl/certs/of-the-file.crt'
global.extra-index-url='file:///opt/wheels/simple https://mirror.example/simple'
global.timeout='60'
"""


def test_the_environment_has_the_last_word() -> None:
    assert read(LISTED)["cert"] == "/etc/ssl/certs/of-the-environment.crt"


def test_folders_of_this_machine_are_left_out() -> None:
    assert written(read(LISTED)) == (
        "[global]\n"
        "extra-index-url = https://mirror.example/simple\n"
        "timeout = 60\n"
        "cert = /run/secrets/certificates\n"
    )


def test_without_settings_there_are_none() -> None:
    assert written(read("")) == "[global]\n"
