"""What kernels need to start quickly and quietly, wherever the tests run."""

import pytest


@pytest.fixture(autouse=True)
def _clean_settings(tmp_path_factory, monkeypatch):
    """Keep the settings of whoever runs the tests out of the kernels."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))


@pytest.fixture(scope="session", autouse=True)
def _fonts():
    """Let matplotlib list the fonts of a new machine here: where that takes long, it warns."""
    import matplotlib.font_manager  # noqa: F401
