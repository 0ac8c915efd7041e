"""How many come when. A module is one shape: give it to locust beside the locustfile."""
