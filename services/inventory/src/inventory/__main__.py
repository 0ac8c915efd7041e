"""The process: settings, wiring, serving."""

from __future__ import annotations

from inventory.bootstrap import build
from inventory.settings import InventorySettings
from meshkit import main

if __name__ == "__main__":
    main(InventorySettings, build)
