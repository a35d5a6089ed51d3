"""Names and references."""

import pytest

from hedgerow.errors import InvalidInput
from hedgerow.references import (
    Reference,
    check_alias,
    check_name,
    parse_qualified,
    parse_reference,
    parse_version,
)


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
    [
        ("wine-net", Reference("wine-net")),
        ("wine-net@3", Reference("wine-net", 3)),
        ("wine-net@champion", Reference("wine-net", alias="champion")),
    ],
)
def test_a_reference_is_written_as_it_is_read(text: str, reference: Reference) -> None:
    assert parse_reference(text) == reference
    assert str(reference) == text
    assert parse_qualified(text) == ("", reference)
    assert parse_qualified(f"wine/{text}") == ("wine", reference)


@pytest.mark.parametrize("text", ["net@", "net@0", "net@03", "net@-1", "net@1@2", "net@a/b"])
def test_what_comes_after_the_at_sign_is_a_version_or_an_alias(text: str) -> None:
    with pytest.raises(InvalidInput, match="as in 'net@3', or an alias, as in 'net@champion'"):
        parse_reference(text)


def test_a_reference_names_a_model_and_may_name_its_data_type() -> None:
    with pytest.raises(InvalidInput, match="cannot name a model"):
        parse_reference("@3")
    with pytest.raises(InvalidInput, match="cannot name a model"):
        parse_qualified("wine/")
    with pytest.raises(InvalidInput, match="cannot name a data type"):
        parse_qualified("/net")
    with pytest.raises(InvalidInput, match="'a/b' cannot name a data type"):
        parse_qualified("a/b/net")


def test_what_is_to_be_the_same_tomorrow_has_a_number() -> None:
    assert parse_version("net@3") == Reference("net", 3)
    for text in ("net", "net@champion"):
        with pytest.raises(InvalidInput, match="say which version, as in 'net@3'"):
            parse_version(text)


@pytest.mark.parametrize("alias", ["", "3", "3a", "-x", "a b", "a" * 65, "a@b"])
def test_an_alias_does_not_look_like_a_version(alias: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be an alias"):
        check_alias(alias)
