"""When Python looks for garbage."""

import gc

import pytest

from bot.tidying import uncollected


def test_never_during_imports_and_again_after_them() -> None:
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_again_after_an_import_that_fails() -> None:
    with pytest.raises(ImportError), uncollected():
        raise ImportError
    assert gc.isenabled()
