"""The process: settings, wiring, serving."""

from __future__ import annotations

from meshkit import main

from inventory.bootstrap import build
from inventory.settings import InventorySettings

if __name__ == "__main__":
    main(InventorySettings, build)
