"""Builds the web interface into the wheel; in a checkout `scripts/setup` does that."""

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildInterface(BuildHookInterface[Any]):
    """Hatchling's hook: before a wheel is packed, the interface is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, unless the package is only linked to (`pip install -e`)."""
        if version == "editable":
            return
        script = Path(self.root) / "ui" / "build.py"
        spec = importlib.util.spec_from_file_location("towpath_ui_build", script)
        assert spec is not None
        assert spec.loader is not None
        building = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(building)
        building.build()
        build_data["artifacts"].append("src/towpath/api/built_ui/**")
