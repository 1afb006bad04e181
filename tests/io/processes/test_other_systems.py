"""Processes where the system has neither fork nor limits: Windows, and in part macOS."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from ctiqa.io.processes import inside, process


def double(number: int) -> int:
    return 2 * number


def test_without_fork_each_process_is_started_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "DIVIDES", False)
    monkeypatch.delattr(os, "fork", raising=False)
    monkeypatch.setitem(sys.modules, "fcntl", None)
    both = process.start(2)
    try:
        assert [each.call(double, number, 20.0) for number, each in enumerate(both)] == [0, 2]
        assert all(each.is_alive() for each in both)
    finally:
        for each in both:
            each.end()
    assert not any(each.is_alive() for each in both)


def test_without_limits_a_process_serves_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.delattr(signal, "setitimer", raising=False)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "win32")
        inside._set_limits()
        inside._limit_cpu(1.0)
