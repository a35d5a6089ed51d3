"""Names and references."""

import pytest

from hedgerow.errors import InvalidInput
from hedgerow.references import Reference, check_name, parse_reference


@pytest.mark.parametrize("name", ["wine", "wine-net", "Wine_2.1", "0", "a" * 64])
def test_a_name_has_letters_digits_and_a_few_signs(name: str) -> None:
    assert parse_reference(name) == Reference(name)


@pytest.mark.parametrize(
    "name",
    ["", "a" * 65, "wine net", "wine/net", "wine@1", "..", ".x", "-rf", "rosé", "a\n", "{a}"],
)
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot name a data type; use letters"):
        check_name("data type", name)


@pytest.mark.parametrize(
    ("text", "reference"),
    [("wine-net", Reference("wine-net", 0)), ("wine-net@3", Reference("wine-net", 3))],
)
def test_a_reference_is_written_as_it_is_read(text: str, reference: Reference) -> None:
    assert parse_reference(text) == reference
    assert str(reference) == text


@pytest.mark.parametrize("text", ["net@", "net@0", "net@03", "net@-1", "net@1@2", "net@champion"])
def test_what_comes_after_the_at_sign_is_a_version(text: str) -> None:
    with pytest.raises(InvalidInput, match="as in 'net@3'; there are no aliases"):
        parse_reference(text)


def test_a_reference_names_a_model() -> None:
    with pytest.raises(InvalidInput, match="cannot name a model"):
        parse_reference("@3")
