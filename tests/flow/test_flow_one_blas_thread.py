from threading import Thread

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from mellm.flow.one_blas_thread import OneBlasThread


def blas_threads() -> set[int]:
    np.linalg.inv(np.eye(2))
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        if blas_threads() != {2}:
            pytest.skip("this machine has no BLAS with two threads")
        yield


def test_the_number_of_threads_comes_back():
    one = OneBlasThread()
    with one:
        assert blas_threads() == {1}
        with one:
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == {2}
    with pytest.raises(ZeroDivisionError), one:
        raise ZeroDivisionError
    assert blas_threads() == {2}


def test_contexts_that_overlap_in_threads_end_in_any_order():
    one = OneBlasThread()
    one.__enter__()
    other = Thread(target=one.__enter__)
    other.start()
    other.join()
    one.__exit__(None, None, None)
    assert blas_threads() == {1}
    one.__exit__(None, None, None)
    assert blas_threads() == {2}
