# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The last step of an app's measurement: the summary is checked, written and shown."""

from pathlib import Path
from typing import Any

from common import files
from common.report.page import ledger_text
from common.report.summary import check_summary


def publish(summary: dict[str, Any], path: Path) -> None:
    """Check the summary, write it, and print the ledger.

    Raises:
        UserError: the summary has not the form that common/report/summary.py describes; nothing is written.
    """
    files.write_json(path, check_summary(summary, str(path)))
    print(ledger_text(summary))
