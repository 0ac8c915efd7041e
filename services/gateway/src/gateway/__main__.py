"""`python -m gateway`: the gateway as a process."""

from gateway.bootstrap import build
from gateway.settings import GatewaySettings
from meshkit import main

if __name__ == "__main__":
    main(GatewaySettings, build)
