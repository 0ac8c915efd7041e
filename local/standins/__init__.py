"""What lies outside the shop, as small real processes: payment provider, carrier, mail, sinks."""
