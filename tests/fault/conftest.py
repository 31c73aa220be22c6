# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the end-to-end tests, for tests that break the servers behind."""
import importlib.util
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "support")]
spec = importlib.util.spec_from_file_location("e2e_conftest", TESTS / "e2e/conftest.py")
e2e_conftest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(e2e_conftest)

keys = e2e_conftest.keys
make_gate = e2e_conftest.make_gate
postgres = e2e_conftest.postgres
