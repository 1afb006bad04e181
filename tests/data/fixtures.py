"""Fixtures that the tests of data, training and evaluation share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.data.collection import Prepared, prepared_under

from ctiqa.data.manifest import Examples, read_examples


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepared_under(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def examples(prepared: Prepared) -> Examples:
    return read_examples(prepared.out)


@pytest.fixture(scope="module", autouse=True)
def one_thread(prepared: Prepared) -> Iterator[None]:
    """Tiny networks are faster on one thread than on several that wait for each other.

    After ``prepared``, because the first parallel loop of numba resets the number of threads.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
