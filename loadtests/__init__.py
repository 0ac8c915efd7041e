"""Load: what people do in the shop (`journeys`), who does it how often (`users`), and how many there are when (`shapes`)."""
