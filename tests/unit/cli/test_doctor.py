"""What `troupe doctor` says of a data folder that cannot be used."""

from pathlib import Path

import pytest

from cli.doctor import Health, check_key
from cli.settings import Settings


def test_a_data_folder_that_cannot_be_made_is_told_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.delenv("TROUPE_ENCRYPTION_KEY", raising=False)
    monkeypatch.setenv("TROUPE_HOME", str(tmp_path / "file" / "home"))
    finding = check_key(Settings())
    assert finding.health is Health.BROKEN
    assert "TROUPE_HOME" in finding.remedy
    assert "Errno" not in finding.remedy
